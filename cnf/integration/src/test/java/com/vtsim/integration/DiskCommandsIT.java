package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** The commands of the family disk as Gogo calls them. */
class DiskCommandsIT {
    private final BundleContext context = FrameworkUtil.getBundle(DiskCommandsIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private CommandSession session;

    @TempDir
    Path folder;

    @BeforeEach
    void build() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out);
        session.currentDir(folder);
        run("machine:create a --memory 16M");
        run("disk:create disk 16M");
    }

    @AfterEach
    void destroy() {
        machines.machines().forEach(machine -> machines.destroy(machine.name()));
        session.close();
    }

    private String run(String command) throws Exception {
        Object result = session.execute(command);
        return result == null ? "" : session.format(result, Converter.INSPECT).toString();
    }

    private void refused(String command, String message) {
        assertThatThrownBy(() -> run(command)).as(command).hasMessageContaining(message);
    }

    @Test
    void disksAreMadeAttachedListedAndDetached() throws Exception {
        assertThat(Files.size(folder.resolve("disk"))).isEqualTo(16 << 20);
        assertThat(run("disk:create new 8M")).contains("16,384 blocks of 512 bytes");
        assertThat(run("disk:attach a new --read-only")).contains("nvme0 at 00:04.0: new");
        assertThat(run("disk:attach a disk --name data --address 00:0a.0")).contains("data at 00:0a.0: disk");
        assertThat(run("disk:list a")).containsPattern("nvme0 +00:04.0 +1 +8M +512 +read-only ").containsPattern("data +00:0a.0 +1 +16M +512 +read and write ");
        assertThat(run("disk:detach a nvme0")).contains("nvme0 detached");
        assertThat(run("disk:list a")).doesNotContain("nvme0");
        assertThat(run("disk:attach a new --name two --block 4096")).contains("two at 00:04.0");
        assertThat(run("pci:list a")).contains("1234:0108");
    }

    @Test
    void disksAreInsertedAndEjectedWhileTheControllerStays() throws Exception {
        run("disk:create new 8M");
        run("disk:attach a disk");
        assertThat(run("disk:insert a nvme0 new --read-only")).contains("new is disk 2 of nvme0");
        assertThat(run("disk:list a")).containsPattern("nvme0 +00:04.0 +1 +16M .*\n.*nvme0 +00:04.0 +2 +8M +512 +read-only");
        assertThat(run("disk:eject a nvme0 1")).contains("disk 1 of nvme0 ejected");
        assertThat(run("disk:list a")).doesNotContainPattern("nvme0 +00:04.0 +1 ").containsPattern("nvme0 +00:04.0 +2 ");
        refused("disk:eject a nvme0 1", "nvme0 has no disk 1");
        refused("disk:insert a nvme0 absent", "absent does not exist");
        assertThat(run("disk:list a")).as("as before").containsPattern("nvme0 +00:04.0 +2 +8M +512 +read-only");
        assertThat(run("disk:insert a nvme0 disk")).contains("disk is disk 1 of nvme0");
        refused("disk:insert a com1 disk", "no NVMe controller in machine a 'com1'");
        assertThat(machines.machine("a").part("nvme0").orElseThrow().carried()).isEqualTo("state");
    }

    @Test
    void aMachineIsMadeWithADisk() throws Exception {
        run("machine:create b --memory 16M --options nvme=" + folder.resolve("disk"));
        assertThat(run("disk:list b")).containsPattern("nvme0 +00:04.0 +1 +16M");
        refused("machine:create c --options nvme=absent", "absent does not exist");
        assertThat(machines.machines()).extracting(Machine::name).containsExactly("a", "b");
    }

    @Test
    void whatIsNoDiskIsSaid() throws Exception {
        Files.write(folder.resolve("odd"), new byte[700]);
        refused("disk:attach a absent", "absent does not exist; disk:create makes one");
        refused("disk:attach a odd", "has 700 bytes; it must be one block of 512 bytes or a whole number of them");
        refused("disk:attach a .", "is no regular file");
        refused("disk:attach a", "no file; name one or more");
        refused("disk:attach a disk --as floppy", "no kind of disk 'floppy'");
        refused("disk:attach a disk --address 00:1f.0", "00:1f.0 is taken by lpc");
        refused("disk:attach a disk --address 4", "'4' is no PCI address");
        refused("disk:attach a disk --block 600", "block.size is 512 or 4096, not 600");
        refused("disk:attach a disk --name com1", "machine 'a' has a part 'com1' already");
        refused("disk:detach a com1", "no disk controller in machine a 'com1'; there is none at all");
        refused("disk:create disk 1M", "disk exists already");
        refused("disk:create new 1000", "it must be a multiple of 512 bytes");
        run("disk:attach a disk");
        refused("disk:attach a disk", "is in use by another disk of this or another machine");
        assertThat(run("disk:list a").lines().filter(line -> line.contains("nvme"))).hasSize(1);
        assertThat(new String(Files.readAllBytes(folder.resolve("odd")), StandardCharsets.US_ASCII)).as("untouched").hasSize(700);
    }
}
