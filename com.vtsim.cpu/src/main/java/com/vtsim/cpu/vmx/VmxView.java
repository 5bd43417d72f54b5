package com.vtsim.cpu.vmx;

import com.vtsim.api.cpu.LogicalProcessor.Breakpoint;
import com.vtsim.api.cpu.Virtualization;
import com.vtsim.api.machine.OperatorException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** VMX operation for the operator. */
public final class VmxView implements Virtualization {
    private final Vmx vmx;

    /** @param vmx what is looked at */
    public VmxView(Vmx vmx) {
        this.vmx = vmx;
    }

    @Override
    public Operation operation() {
        return vmx.nonRoot ? Operation.NON_ROOT : vmx.on ? Operation.ROOT : Operation.OFF;
    }

    @Override
    public long current() {
        return vmx.current;
    }

    @Override
    public boolean launched() {
        return vmx.current != Vmx.NONE && vmx.vmcs.launched(vmx.current);
    }

    private VmcsImage image() {
        VmcsImage image = new VmcsImage();
        vmx.vmcs.load(vmx.current, image);
        return image;
    }

    @Override
    public long eptp() {
        return vmx.current != Vmx.NONE && Control.ENABLE_EPT.in(image()) ? image().get(VmcsField.EPTP) : -1;
    }

    @Override
    public List<Field> fields() {
        List<Field> fields = new ArrayList<>();
        if (vmx.current != Vmx.NONE) {
            for (VmcsField field : VmcsField.values()) {
                fields.add(new Field(field.name(), field.title, field.encoding, field.bits(),
                    field.type().name().toLowerCase(Locale.ROOT).replace('_', ' '), vmx.vmcs.read(vmx.current, field)));
            }
        }
        return fields;
    }

    @Override
    public List<Broken> check() {
        if (vmx.current == Vmx.NONE) {
            return List.of();
        }
        return vmx.entry().dryRun().stream().map(failure -> new Broken(failure.rule().name(), failure.rule().field().name(), failure.value(),
            failure.rule().allowed(), failure.rule().section())).toList();
    }

    @Override
    public List<String> why() {
        String check = vmx.cpu.machineChecks.latest();
        List<String> lines = new ArrayList<>(vmx.journal.why());
        if (!lines.isEmpty() && !check.isEmpty()) {
            lines.add("latest machine check: " + check);
        }
        return lines;
    }

    @Override
    public List<Exit> exits() {
        return vmx.journal.counts().stream().map(count -> {
            ExitReason reason = ExitReason.of(count.reason() & 0xFFFF);
            return new Exit(count.reason() & 0xFFFF, count.reason() < 0, reason == null ? "" : reason.title, count.rip(), count.count());
        }).toList();
    }

    @Override
    public int breakAt(String what) {
        String wanted = what.toUpperCase(Locale.ROOT).replace('-', '_');
        List<String> names = new ArrayList<>();
        for (ExitReason reason : ExitReason.values()) {
            if (reason.name().equals(wanted) || Integer.toString(reason.number).equals(wanted)) {
                return vmx.cpu.execution.traps.breakpoints().add(new Breakpoint(Breakpoint.Kind.VM_EXIT, reason.number, 1));
            }
            names.add(reason.name());
        }
        for (VmcsField field : VmcsField.values()) {
            if (field.name().equals(wanted)) {
                return vmx.cpu.execution.traps.breakpoints().add(new Breakpoint(Breakpoint.Kind.VMWRITE, field.encoding, field.bits() / 8));
            }
            names.add(field.name());
        }
        throw OperatorException.unknown("exit reason or VMCS field", what, names);
    }

    @Override
    public void listen(Transitions listener) {
        vmx.listener = listener;
    }

    @Override
    public long entries() {
        return vmx.journal.entries();
    }
}
