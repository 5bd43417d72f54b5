package com.vtsim.shell.family;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.Quantity;
import java.util.List;

/** Finds what a command's arguments mean inside of a machine. On its thread. */
final class Targets {
    private Targets() { }

    /** @param index 0 for the bootstrap processor */
    static LogicalProcessor processor(Machine machine, int index) {
        List<LogicalProcessor> all = machine.findAll(LogicalProcessor.class);
        return all.stream().filter(each -> each.index() == index).findFirst().orElseThrow(() ->
                OperatorException.unknown("processor of machine " + machine.name(), Integer.toString(index), all.stream().map(each -> Integer.toString(each.index())).toList()));
    }

    /** @return the instruction a processor executes next; null where memory is not mapped. Any thread */
    static LogicalProcessor.Line next(Machine machine, int index) {
        List<LogicalProcessor.Line> lines = machine.call(() -> {
            LogicalProcessor processor = processor(machine, index);
            return processor.disassemble(processor.nextInstruction(), 1);
        });
        return lines.isEmpty() ? null : lines.get(0);
    }

    /** One part of a family that a command is about. */
    static <T> T part(Machine machine, Class<T> type, String what) {
        return machine.find(type).orElseThrow(() -> new OperatorException("machine '" + machine.name() + "' has no " + what));
    }

    /** @param text a number, or a register's name, or one with an offset: {@code rsp+8} */
    static long address(Machine machine, int cpu, String text) {
        if (text.isEmpty() || !Character.isLetterOrDigit(text.charAt(0))) {
            throw new OperatorException("'" + text + "' is no address; write a number as 0x1000 or fee0_0000h, or a register as rsp or rip+10h");
        }
        if (Character.isDigit(text.charAt(0))) {
            return Quantity.number(text);
        }
        int sign = Math.max(text.indexOf('+'), text.indexOf('-'));
        String register = sign < 0 ? text : text.substring(0, sign);
        long base = processor(machine, cpu).register(register);
        if (sign < 0) {
            return base;
        }
        long offset = Quantity.number(text.substring(sign + 1));
        return text.charAt(sign) == '+' ? base + offset : base - offset;
    }

    /** @param text {@code 55 aa} or {@code 55aa} */
    static byte[] bytes(String text) {
        String digits = text.replaceAll("[\\s_]", "");
        if (!digits.matches("([0-9a-fA-F]{2})+")) {
            throw new OperatorException("'" + text + "' is no row of bytes; write it as \"55 aa\", or give --text");
        }
        byte[] bytes = new byte[digits.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(digits.substring(2 * i, 2 * i + 2), 16);
        }
        return bytes;
    }
}
