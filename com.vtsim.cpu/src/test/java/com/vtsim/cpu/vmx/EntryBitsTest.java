package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.cpu.Virtualization.Broken;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every bit of the fields that have reserved ones: flipped in a VMCS that breaks no rule, it breaks the rule about reserved bits exactly if it is one.
 * {@link EntryRuleTest} breaks each rule in one way only.
 *
 * @sdm Checks on Guest RIP, RFLAGS, and SSP; Checks on Guest Non-Register State; Checks on Guest Segment Registers; VM-Entry Controls for Event Injection
 */
class EntryBitsTest {
    /**
     * A field and its rule.
     *
     * @param value    what it has in a VMCS that breaks no rule
     * @param free     the bits that may have either value
     * @param controls what makes the rule apply
     */
    private record Row(String rule, VmcsField field, long value, int width, long free, List<Control> controls) {
        Row(String rule, VmcsField field, long value, int width, long free, Control... controls) {
            this(rule, field, value, width, free, List.of(controls));
        }
    }

    private static final List<Row> ROWS = List.of(
        // 0 CF, 2 PF, 4 AF, 6 ZF, 7 SF, 8 TF, 9 IF, 10 DF, 11 OF, 13:12 IOPL, 14 NT, 16 RF, 17 VM, 18 AC, 19 VIF, 20 VIP, 21 ID; bit 1 is 1
        new Row("guest RFLAGS reserved bits", GUEST_RFLAGS, 2, 64, 0x3F_7FD5L),
        // blocking by STI, by MOV SS, by SMI and by NMI; no enclaves
        new Row("reserved interruptibility", GUEST_INTERRUPTIBILITY, 0, 32, 0xF),
        // B3 to B0, enabled breakpoint, BS; no transactions
        new Row("reserved pending debug exceptions", GUEST_PENDING_DEBUG, 0, 64, 0x500F),
        // type, S, DPL, P; AVL, L, D/B, G, unusable
        new Row("CS reserved access rights", GUEST_CS_ACCESS, 0xA09B, 32, 0x1_F0FF),
        new Row("TR reserved access rights", GUEST_TR_ACCESS, 0x8B, 32, 0x1_F0FF),
        // vector, type, deliver error code; bit 31 makes the field apply
        new Row("reserved bits of the interruption information", ENTRY_INTERRUPTION, 0x8000_0202L, 31, 0xFFF),
        // SCE, LME, LMA, NXE
        new Row("guest IA32_EFER reserved bits", GUEST_EFER, 0x500, 64, 0xD01, Control.ENTRY_LOAD_EFER),
        new Row("host IA32_EFER reserved bits", HOST_EFER, 0x500, 64, 0xD01, Control.EXIT_LOAD_EFER));

    private static List<String> broken(Row row, long value) {
        try (VmxMachine m = new VmxMachine(true)) {
            m.on(row.controls.toArray(Control[]::new)).set(row.field, value).monitor("hlt");
            return m.board.call(() -> m.cpu.virtualization().orElseThrow().check().stream().map(Broken::rule).toList());
        }
    }

    @TestFactory Stream<DynamicTest> aBitIsReservedExactlyWhereTheManualSaysSo() {
        return ROWS.stream().map(row -> DynamicTest.dynamicTest(row.rule, () -> {
            assertThat(broken(row, row.value)).isEmpty();
            List<Integer> found = IntStream.range(0, row.width).filter(bit -> broken(row, row.value ^ 1L << bit).contains(row.rule)).boxed().toList();
            List<Integer> reserved = IntStream.range(0, row.width).filter(bit -> (row.free >> bit & 1) == 0).boxed().toList();
            assertThat(found).isEqualTo(reserved);
        }));
    }
}
