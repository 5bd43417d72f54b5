package com.vtsim.pci.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.pci.nvme.Host.Completion;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Source: NVM Express Base Specification 1.4, Admin Command Set; status codes by Status Field Definition. */
class AdminTest {
    private static final int DELETE_SQ = 0x00, CREATE_SQ = 0x01, GET_LOG = 0x02, DELETE_CQ = 0x04, CREATE_CQ = 0x05, IDENTIFY = 0x06, ABORT = 0x08, SET = 0x09, GET = 0x0A, AER = 0x0C;

    @TempDir
    Path folder;
    private Host host;

    @BeforeEach
    void build() throws IOException {
        host = new Host(file("a", 1 << 20), "", "ro:" + file("c", 8192)).enable();
    }

    @AfterEach
    void close() {
        host.close();
    }

    private String file(String name, long size) throws IOException {
        Path path = folder.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(size);
        }
        return path.toString();
    }

    private static void is(Completion completion, int type, int code) {
        assertThat(completion.type()).as("status code type of %s", completion).isEqualTo(type);
        assertThat(completion.code()).as("status code of %s", completion).isEqualTo(code);
    }

    private static void good(Completion completion) {
        is(completion, 0, 0);
    }

    private byte[] identify(int namespace, int structure) {
        good(host.admin(IDENTIFY, namespace, Host.DATA, structure));
        return host.bytes(Host.DATA, 4096);
    }

    private static String text(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.US_ASCII).strip();
    }

    @Test
    void theControllerIdentifiesItself() {
        byte[] page = identify(0, 1);
        assertThat(LittleEndian.dword(page, 80)).as("VER").isEqualTo(0x0001_0400);
        assertThat(text(page, 24, 64)).as("MN").isEqualTo("VTSim NVMe disk");
        assertThat(page[77]).as("MDTS: 128 KiB").isEqualTo((byte) 5);
        assertThat(LittleEndian.dword(page, 516)).as("NN").isEqualTo(3);
        assertThat(page[512]).as("SQES").isEqualTo((byte) 0x66);
        assertThat(page[513]).as("CQES").isEqualTo((byte) 0x44);
        assertThat(page[525] & 1).as("volatile write cache").isEqualTo(1);
        assertThat(text(page, 768, 1024)).startsWith("nqn.2014-08.org.nvmexpress:uuid:");
    }

    @Test
    void aNamespaceIdentifiesItself() {
        byte[] page = identify(1, 0);
        assertThat(LittleEndian.qword(page, 0)).as("NSZE").isEqualTo(2048);
        assertThat(LittleEndian.dword(page, 128)).as("LBAF0: 512 bytes, no metadata").isEqualTo(9 << 16);
        assertThat(page[99]).as("NSATTR").isZero();
        assertThat(identify(3, 0)[99]).as("write protected").isEqualTo((byte) 1);
        assertThat(identify(2, 0)).as("inactive").containsOnly(0);
        is(host.admin(IDENTIFY, 4, Host.DATA, 0), 0, 0x0B);
        is(host.admin(IDENTIFY, 0, Host.DATA, 0), 0, 0x0B);
        is(host.admin(IDENTIFY, -1, Host.DATA, 0), 0, 0x0B);
    }

    @Test
    void activeNamespacesAreListedFromAnyOnOn() {
        assertThat(LittleEndian.qword(identify(0, 2), 0)).isEqualTo(0x0000_0003_0000_0001L);
        assertThat(LittleEndian.qword(identify(1, 2), 0)).isEqualTo(3);
        assertThat(identify(3, 2)).containsOnly(0);
        is(host.admin(IDENTIFY, -1, Host.DATA, 2), 0, 0x0B);
        is(host.admin(IDENTIFY, -2, Host.DATA, 2), 0, 0x0B);
    }

    @Test
    void namespacesHaveIdentifiersOfTheirOwn() {
        byte[] first = identify(1, 3);
        assertThat(first[0]).as("UUID").isEqualTo((byte) 3);
        assertThat(first[1]).as("its length").isEqualTo((byte) 16);
        assertThat(first[20]).as("no further descriptor").isZero();
        assertThat(Arrays.copyOfRange(first, 4, 20)).isNotEqualTo(Arrays.copyOfRange(identify(3, 3), 4, 20)).isEqualTo(Arrays.copyOfRange(identify(1, 3), 4, 20));
        is(host.admin(IDENTIFY, 2, Host.DATA, 3), 0, 0x02);
        is(host.admin(IDENTIFY, 9, Host.DATA, 3), 0, 0x0B);
    }

    @Test
    void otherStructuresAreAnInvalidField() {
        Completion completion = host.admin(IDENTIFY, 0, Host.DATA, 0x7F);
        is(completion, 0, 0x02);
        assertThat(completion.doNotRetry()).isTrue();
    }

    @Test
    void unknownOpcodesAndFormsAreRefused() {
        is(host.admin(0x10, 0, 0), 0, 0x01);
        is(host.execute(0, Host.command(IDENTIFY | 0x4000, 0, Host.DATA, 0, 1)), 0, 0x02);
        is(host.execute(0, Host.command(IDENTIFY | 0x100, 0, Host.DATA, 0, 1)), 0, 0x02);
    }

    @TestFactory
    Stream<DynamicTest> queuesThatAreNotPossible() {
        record Case(String what, int opcode, long prp, int dword10, int dword11, int type, int code) { }
        long base = 0x40_0000;
        return Stream.of(new Case("completion queue 0", CREATE_CQ, base, 0xF_0000, 3, 1, 0x01), new Case("completion queue 33", CREATE_CQ, base, 0xF_0021, 3, 1, 0x01),
                new Case("a completion queue that is there", CREATE_CQ, base, 0xF_0001, 3, 1, 0x01), new Case("of one entry", CREATE_CQ, base, 2, 3, 1, 0x02),
                new Case("of too many entries", CREATE_CQ, base, 0x400_0002, 3, 1, 0x02), new Case("in pieces", CREATE_CQ, base, 0xF_0002, 2, 0, 0x02),
                new Case("not on a page", CREATE_CQ, base + 64, 0xF_0002, 3, 0, 0x13), new Case("vector 33", CREATE_CQ, base, 0xF_0002, 33 << 16 | 3, 1, 0x08),
                new Case("submission queue 0", CREATE_SQ, base, 0xF_0000, 1 << 16 | 1, 1, 0x01), new Case("submission queue 33", CREATE_SQ, base, 0xF_0021, 1 << 16 | 1, 1, 0x01),
                new Case("a submission queue that is there", CREATE_SQ, base, 0xF_0001, 1 << 16 | 1, 1, 0x01),
                new Case("to the admin completion queue", CREATE_SQ, base, 0xF_0002, 1, 1, 0x01), new Case("to a queue that is not there", CREATE_SQ, base, 0xF_0002, 5 << 16 | 1, 1, 0x00),
                new Case("submission queue of one entry", CREATE_SQ, base, 2, 1 << 16 | 1, 1, 0x02), new Case("submission queue in pieces", CREATE_SQ, base, 0xF_0002, 1 << 16, 0, 0x02),
                new Case("submission queue not on a page", CREATE_SQ, base + 8, 0xF_0002, 1 << 16 | 1, 0, 0x13),
                new Case("deleting submission queue 0", DELETE_SQ, 0, 0, 0, 1, 0x01), new Case("deleting submission queue 7", DELETE_SQ, 0, 7, 0, 1, 0x01),
                new Case("deleting completion queue 0", DELETE_CQ, 0, 0, 0, 1, 0x01), new Case("deleting completion queue 7", DELETE_CQ, 0, 7, 0, 1, 0x01),
                new Case("deleting a completion queue in use", DELETE_CQ, 0, 1, 0, 1, 0x0C))
                .map(each -> DynamicTest.dynamicTest(each.what(), () -> {
                    try (Host other = new Host().enable().pair(1, 0)) {
                        is(other.admin(each.opcode(), 0, each.prp(), each.dword10(), each.dword11()), each.type(), each.code());
                    }
                }));
    }

    @Test
    void queuesNeedTheSizeOfTheirEntries() {
        host.set(0x14, 4, 0);
        host.enable();
        host.set(0x14, 4, 1);
        is(host.admin(CREATE_CQ, 0, 0x40_0000, 0xF_0001, 3), 1, 0x02);
    }

    @Test
    void queuesAreDeletedInOrder() {
        host.pair(1, 0);
        good(host.admin(DELETE_SQ, 0, 0, 1));
        good(host.admin(DELETE_CQ, 0, 0, 1));
        host.pair(1, 0);
        good(host.transfer(2, 0, 1, 0));
    }

    @Test
    void numberOfQueuesIsToldOnceBeforeThereAreAny() {
        Completion completion = host.admin(SET, 0, 0, 7, 0x0003_0003);
        good(completion);
        assertThat(completion.result()).as("0's based").isEqualTo(0x001F_001F);
        is(host.admin(SET, 0, 0, 7, 0xFFFF), 0, 0x02);
        is(host.admin(SET, 0, 0, 7, 0xFFFF_0000), 0, 0x02);
        host.pair(1, 0);
        is(host.admin(SET, 0, 0, 7, 0x0003_0003), 0, 0x0C);
        assertThat(host.admin(GET, 0, 0, 7).result()).isEqualTo(0x001F_001F);
    }

    @TestFactory
    Stream<DynamicTest> featuresReadBack() {
        record Case(int feature, int initially, int written, int then) { }
        return Stream.of(new Case(1, 7, 0x0102_0304, 0x0102_0304), new Case(2, 0, 0, 0), new Case(4, 343, 350, 350), new Case(5, 0, 9, 9), new Case(6, 1, 0, 0),
                new Case(8, 0, 0x0305, 0x0305), new Case(10, 0, 1, 1), new Case(11, 0, 0x11F, 0x11F))
                .map(each -> DynamicTest.dynamicTest("feature " + each.feature(), () -> {
                    try (Host other = new Host().enable()) {
                        assertThat(other.admin(GET, 0, 0, each.feature()).result()).isEqualTo(each.initially());
                        good(other.admin(SET, 0, 0, each.feature(), each.written()));
                        assertThat(other.admin(GET, 0, 0, each.feature()).result()).isEqualTo(each.then());
                        other.set(0x14, 4, 0);
                        other.enable();
                        assertThat(other.admin(GET, 0, 0, each.feature()).result()).as("after a controller reset").isEqualTo(each.initially());
                    }
                }));
    }

    @Test
    void vectorsHaveAFeatureEach() {
        good(host.admin(SET, 0, 0, 9, 1 << 16 | 5));
        assertThat(host.admin(GET, 0, 0, 9, 5).result()).isEqualTo(1 << 16 | 5);
        assertThat(host.admin(GET, 0, 0, 9, 4).result()).isEqualTo(4);
        is(host.admin(SET, 0, 0, 9, 33), 0, 0x02);
        is(host.admin(GET, 0, 0, 9, 33), 0, 0x02);
    }

    @Test
    void whatIsNoFeatureIsRefused() {
        is(host.admin(GET, 0, 0, 0), 0, 0x02);
        is(host.admin(SET, 0, 0, 3), 0, 0x02);
        is(host.admin(SET, 0, 0, 0xC0), 0, 0x02);
        is(host.admin(SET, 0, 0, 2, 1), 0, 0x02);
        is(host.admin(SET, 0, 0, 5, 1 << 16), 0, 0x02);
        is(host.admin(SET, 0, 0, 0x8000_0007, 1), 1, 0x0D);
        is(host.admin(GET, 0, 0, 0x406), 0, 0x02);
    }

    @Test
    void featuresHaveADefaultASavedAndAPresentValue() {
        good(host.admin(SET, 0, 0, 0x8000_0004, 350));
        good(host.admin(SET, 0, 0, 4, 345));
        assertThat(host.admin(GET, 0, 0, 4).result()).as("present").isEqualTo(345);
        assertThat(host.admin(GET, 0, 0, 0x104).result()).as("default").isEqualTo(343);
        assertThat(host.admin(GET, 0, 0, 0x204).result()).as("saved").isEqualTo(350);
        assertThat(host.admin(GET, 0, 0, 0x304).result()).as("changeable, saveable").isEqualTo(5);
        assertThat(host.admin(GET, 0, 0, 0x307).result()).as("the number of queues is what it is").isZero();
        host.set(0x14, 4, 0);
        host.enable();
        assertThat(host.admin(GET, 0, 0, 4).result()).as("a reset gives what is saved").isEqualTo(350);
        host.replace();
        assertThat(host.admin(GET, 0, 0, 0x204).result()).as("over a hand-over").isEqualTo(350);
    }

    @Test
    void theEffectsOfCommandsAreInALog() {
        good(host.admin(GET_LOG, -1, Host.DATA, 1023 << 16 | 5));
        byte[] log = host.bytes(Host.DATA, 4096);
        assertThat(LittleEndian.dword(log, 4 * 0x06)).as("Identify").isEqualTo(1);
        assertThat(LittleEndian.dword(log, 4 * 0x80)).as("Format NVM: blocks, capabilities, alone").isEqualTo(0x1_0007);
        assertThat(LittleEndian.dword(log, 4 * 0x0D)).as("there is no pool").isZero();
        assertThat(LittleEndian.dword(log, 1024 + 4)).as("Write").isEqualTo(3);
        for (int opcode = 0; opcode < 256; opcode++) {
            if (LittleEndian.dword(log, 4 * opcode) == 0) {
                is(host.admin(opcode, 0, 0), 0, 0x01);
            }
        }
    }

    @Test
    void theSubsystemIsResetByAWord() {
        assertThat(host.get(0, 8) >> 36 & 1).as("CAP.NSSRS").isEqualTo(1);
        host.set(0x20, 4, 0x1234);
        assertThat(host.get(0x1C, 4)).isEqualTo(1);
        host.set(0x20, 4, 0x4E56_4D65);
        assertThat(host.get(0x1C, 4)).as("not ready; a reset has occurred").isEqualTo(0x10);
        assertThat(host.get(0x14, 4) | host.get(0x24, 4) | host.get(0x28, 8)).isZero();
        host.set(0x1C, 4, 0x10);
        assertThat(host.get(0x1C, 4)).isZero();
        good(host.enable().admin(GET, 0, 0, 4));
    }

    @Test
    void logPagesAreReadInPieces() {
        good(host.admin(GET_LOG, -1, Host.DATA, 127 << 16 | 2));
        byte[] health = host.bytes(Host.DATA, 512);
        assertThat(health[1] & 0xFF | (health[2] & 0xFF) << 8).as("composite temperature, kelvins").isEqualTo(310);
        assertThat(health[3]).as("available spare").isEqualTo((byte) 100);
        good(host.admin(GET_LOG, -1, Host.DATA, 0 << 16 | 2, 0, 0));
        good(host.execute(0, Host.command(GET_LOG, -1, Host.DATA, 0, 1 << 16 | 3, 0, 8, 0)));
        assertThat(text(host.bytes(Host.DATA, 8), 0, 8)).as("revision of slot 1").isEqualTo("1.0");
    }

    @Test
    void logPagesThatAreNotPossible() {
        is(host.admin(GET_LOG, -1, Host.DATA, 0x7F), 1, 0x09);
        is(host.admin(GET_LOG, 1, Host.DATA, 127 << 16 | 2), 0, 0x02);
        is(host.admin(GET_LOG, -1, Host.DATA, 127 << 16 | 2, 0, 513), 0, 0x02);
        is(host.admin(GET_LOG, -1, Host.DATA, 127 << 16 | 2, 0, 1024), 0, 0x02);
        is(host.admin(GET_LOG, -1, Host.DATA, 0xFFFF << 16 | 2, 1), 0, 0x02);
    }

    @Test
    void errorsAreLoggedNewestFirst() {
        host.admin(0x7F, 0, 0);
        Completion second = host.admin(GET, 0, 0, 0xEE);
        good(host.admin(GET_LOG, -1, Host.DATA, 31 << 16 | 1));
        byte[] log = host.bytes(Host.DATA, 128);
        assertThat(LittleEndian.qword(log, 0)).as("error count").isEqualTo(2);
        assertThat(LittleEndian.dword(log, 8)).as("queue and command").isEqualTo(second.command() << 16);
        assertThat(LittleEndian.dword(log, 12) & 0xFFFF).as("status field").isEqualTo(0x8004);
        assertThat(LittleEndian.dword(log, 12) >>> 16).as("byte at fault: double word 10").isEqualTo(40);
        assertThat(LittleEndian.qword(log, 64)).isEqualTo(1);
    }

    @Test
    void anEventWaitsForItsRequestAndARequestForItsEvent() {
        int id = host.submit(0, Host.command(AER, 0, 0, 0));
        host.ring(0);
        host.pass(20_000);
        assertThat(host.take(0)).as("nothing has happened").isNull();
        host.set(0x1000 + 8 * 9, 4, 1);
        host.pass(20_000);
        Completion event = host.take(0);
        assertThat(event.command()).isEqualTo(id);
        assertThat(event.result()).as("error, invalid doorbell, log page 1").isEqualTo(0x0001_0000);
        host.set(0x1000 + 8 * 9, 4, 1);
        host.submit(0, Host.command(AER, 0, 0, 0));
        host.ring(0);
        host.pass(20_000);
        assertThat(host.take(0)).as("held back until the log is read").isNull();
        good(host.admin(GET_LOG, -1, Host.DATA, 31 << 16 | 1));
        host.set(0x1004, 4, 15);
        host.pass(20_000);
        assertThat(host.take(0).result()).as("error, invalid doorbell value").isEqualTo(0x0001_0100);
    }

    @Test
    void eventRequestsAreLimitedAndCanBeAborted() {
        int first = host.submit(0, Host.command(AER, 0, 0, 0));
        for (int i = 0; i < 3; i++) {
            host.submit(0, Host.command(AER, 0, 0, 0));
        }
        is(host.execute(0, Host.command(AER, 0, 0, 0)), 1, 0x05);
        host.submit(0, Host.command(ABORT, 0, 0, 0, first << 16));
        host.ring(0);
        host.pass(20_000);
        Completion one = host.take(0);
        Completion other = host.take(0);
        Completion aborted = one.command() == first ? one : other;
        is(aborted, 0, 0x07);
        assertThat((aborted == one ? other : one).result()).as("aborted").isZero();
        assertThat(host.admin(ABORT, 0, 0, 999 << 16).result()).as("not aborted").isEqualTo(1);
        is(host.admin(ABORT, 0, 0, 9), 0, 0x02);
    }

    @Test
    void aTemperatureBeyondItsThresholdIsAnEvent() {
        good(host.admin(SET, 0, 0, 11, 2));
        host.submit(0, Host.command(AER, 0, 0, 0));
        good(host.admin(SET, 0, 0, 4, 300));
        assertThat(host.take(0).result()).as("SMART, temperature threshold, log page 2").isEqualTo(0x0002_0101);
        good(host.admin(GET_LOG, -1, Host.DATA, 127 << 16 | 2));
        assertThat(host.bytes(Host.DATA, 1)[0]).as("critical warning").isEqualTo((byte) 2);
    }

    @Test
    void namespacesThatComeAreAnEvent() throws IOException {
        good(host.admin(SET, 0, 0, 11, 0x100));
        host.submit(0, Host.command(AER, 0, 0, 0));
        host.ring(0);
        host.pass(20_000);
        host.replace(folder.resolve("a").toString(), file("b", 4096), "ro:" + folder.resolve("c"));
        host.pass(20_000);
        assertThat(host.take(0).result()).as("notice, namespace attributes changed, log page 4").isEqualTo(0x0004_0002);
        good(host.admin(GET_LOG, -1, Host.DATA, 1023 << 16 | 4));
        assertThat(LittleEndian.qword(host.bytes(Host.DATA, 8), 0)).as("the list").isEqualTo(2);
        assertThat(LittleEndian.qword(identify(0, 2), 0)).isEqualTo(0x0000_0002_0000_0001L);
        assertThat(Files.size(folder.resolve("b"))).isEqualTo(4096);
    }
}
