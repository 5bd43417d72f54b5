package com.vtsim.shell.gdb;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What a debugger wants to know beside registers and memory, and its commands for the shell. On the session's thread. */
final class Queries {
    /** Every linear address can be asked for; a page that is not mapped answers with an error. */
    private static final String MEMORY_MAP = "<?xml version=\"1.0\"?><!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
        + "\"http://sourceware.org/gdb/gdb-memory-map.dtd\"><memory-map><memory type=\"ram\" start=\"0x0\" length=\"0x8000000000000000\"/>"
        + "<memory type=\"ram\" start=\"0x8000000000000000\" length=\"0x8000000000000000\"/></memory-map>";
    private static final String INVALID = "E16";
    private static final int MOST_SAID = 4096;

    private final Target target;
    private final Link link;
    private final Function<String, String> shell;
    private final BiFunction<String, Callable<Event>, Thread> background;
    private boolean reasons;
    private Thread asking;

    Queries(Target target, Link link, Function<String, String> shell, BiFunction<String, Callable<Event>, Thread> background) {
        this.target = target;
        this.link = link;
        this.shell = shell;
        this.background = background;
    }

    /** @return the reply; empty for what is not known, null if it comes later */
    String answer(String text, int current) throws IOException {
        String name = text.split("[:,;]", 2)[0];
        String rest = text.length() > name.length() ? text.substring(name.length() + 1) : "";
        return switch (name) {
            case "qSupported" -> supported(rest);
            case "QStartNoAckMode" -> {
                link.trust();
                yield "OK";
            }
            case "qXfer" -> transfer(rest);
            case "qC" -> String.format("QC%x", current + 1);
            case "qfThreadInfo" -> "m" + Arrays.stream(target.indices()).mapToObj(each -> Integer.toHexString(each + 1)).collect(Collectors.joining(","));
            case "qsThreadInfo" -> "l";
            case "qThreadExtraInfo" -> Hexadecimal.of(target.about(Hexadecimal.small(rest) - 1));
            case "qAttached" -> "1";
            case "qSymbol" -> "OK";
            case "qRcmd" -> command(new String(Hexadecimal.bytes(rest), StandardCharsets.UTF_8));
            default -> "";
        };
    }

    private String supported(String theirs) {
        reasons = theirs.contains("swbreak+") && theirs.contains("hwbreak+");
        return String.format("PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;vContSupported+;swbreak+;hwbreak+;ReverseStep+;ReverseContinue+", Link.MOST);
    }

    /** How a stop reply says what was hit. */
    String reason(Points.Point point) {
        if (!point.watch().isEmpty()) {
            return point.watch() + ":" + Long.toHexString(point.address()) + ";";
        }
        return !reasons ? "" : point.type() == 0 ? "swbreak:;" : "hwbreak:;";
    }

    private String transfer(String rest) {
        String[] words = rest.split(":", 4);
        if (words.length < 4 || !words[1].equals("read")) {
            return INVALID;
        }
        String document = switch (words[0]) {
            case "features" -> words[2].equals("target.xml") ? target.description().document() : null;
            case "memory-map" -> MEMORY_MAP;
            default -> "";
        };
        if (document == null) {
            return "E00";
        }
        if (document.isEmpty()) {
            return "";
        }
        int comma = words[3].indexOf(',');
        int from = Math.min(Hexadecimal.small(words[3].substring(0, comma)), document.length());
        int length = Math.min(Hexadecimal.small(words[3].substring(comma + 1)), Link.MOST / 2);
        int end = Math.min(document.length(), from + length);
        return (end < document.length() ? "m" : "l") + document.substring(from, end);
    }

    /** Executes a command of the shell; the reply comes when it has ended, and an interrupt ends it. */
    private String command(String text) {
        if (asking != null) {
            return "E01";
        }
        asking = background.apply("asks", () -> new Event.Answered(shell.apply(text)));
        return null;
    }

    /** The command has ended. */
    void answered(String text) throws IOException {
        asking = null;
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at < bytes.length; at += MOST_SAID) {
            link.send("O" + Hexadecimal.of(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + MOST_SAID))));
        }
        link.send("OK");
    }

    /** Ends a command that is executed. */
    void interrupt() {
        if (asking != null) {
            asking.interrupt();
        }
    }

    void close() {
        interrupt();
    }
}
