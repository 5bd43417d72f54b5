package com.vtsim.cpu.isa;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Brings objdump's text and ours to one form. Every difference that is allowed stands here with its reason; docs/instruction-table.md lists them.
 */
final class ObjdumpText {
    private static final Pattern SPACES = Pattern.compile("\\s+");
    /** objdump shows prefixes that have no effect; the disassembler does not. */
    private static final Pattern IDLE_PREFIX = Pattern.compile("\\b((addr|data)(16|32)|rex(\\.[WRXB]+)?) ");
    /** An absolute address with a 67 prefix in 64-bit mode has a SIB byte without index: objdump invents a register name for that. */
    private static final Pattern NO_INDEX = Pattern.compile("\\[[er]iz\\*1\\+(0x[0-9a-f]+)]");
    /** objdump shows RIP-relative displacements unsigned. */
    private static final Pattern RIP_RELATIVE = Pattern.compile("\\[([re]ip)\\+0x(ffffffff[0-9a-f]{8})]");
    /** objdump has names for four values of the immediate. */
    private static final Pattern CARRYLESS = Pattern.compile("^(v?pclmul)(l|h)q(l|h)qdq (.*)$");
    private static final Pattern WORD_MOVSXD = Pattern.compile("^(movsxd (?:r[0-9]+w|[a-z]{2}),)(.*)$");
    private static final Pattern NOTRACK = Pattern.compile("^notrack (.*)(\\[.*)$");
    private static final Pattern BRANCH_TARGET = Pattern.compile("0x([0-9a-f]+)$");

    private ObjdumpText() { }

    /** @return objdump's line in our terms */
    static String normalize(String line, Row row, int codeSize) {
        String text = line;
        int comment = text.indexOf('#');
        if (comment > 0) {
            text = text.substring(0, comment);
        }
        text = SPACES.matcher(text).replaceAll(" ").strip();
        text = IDLE_PREFIX.matcher(text).replaceAll("");
        // On an indirect branch objdump reads a DS prefix as CET's NOTRACK.
        Matcher notrack = NOTRACK.matcher(text);
        if (notrack.matches()) {
            text = notrack.group(1) + "ds:" + notrack.group(2);
        }
        if (codeSize == 64) {
            text = absolute(text);
        }
        Matcher carryless = CARRYLESS.matcher(text);
        if (carryless.matches()) {
            int value = (carryless.group(2).equals("h") ? 1 : 0) + (carryless.group(3).equals("h") ? 0x10 : 0);
            text = carryless.group(1) + "qdq " + carryless.group(4) + ",0x" + Integer.toHexString(value);
        }
        return named(target(text, row, codeSize), row);
    }

    /** @return our text, without what objdump cannot show: it knows no m16:64 */
    static String normalizeOurs(String line, Row row, int codeSize) {
        String text = target(SPACES.matcher(line).replaceAll(" ").strip(), row, codeSize);
        text = IDLE_PREFIX.matcher(text).replaceAll("").replace("far WORD PTR", "DWORD PTR");
        return switch (row.form.mnemonic()) {
            case "LSS", "LFS", "LGS", "JMP", "CALL" -> text.replace("TBYTE", "FWORD");
            // Bits 0 and 4 count; objdump takes 2 and 3 for 10h and 11h.
            case "PCLMULQDQ", "VPCLMULQDQ" -> text.replaceFirst(",0x2$", ",0x10").replaceFirst(",0x3$", ",0x11");
            default -> text;
        };
    }

    private static String absolute(String given) {
        String text = given;
        Matcher noIndex = NO_INDEX.matcher(text);
        if (noIndex.find()) {
            boolean segment = noIndex.start() > 0 && text.charAt(noIndex.start() - 1) == ':';
            text = noIndex.replaceFirst((segment ? "" : "ds:") + noIndex.group(1));
        }
        Matcher relative = RIP_RELATIVE.matcher(text);
        if (relative.find()) {
            long displacement = Long.parseUnsignedLong(relative.group(2), 16);
            text = relative.replaceFirst("[" + relative.group(1) + "-0x" + Long.toHexString(-displacement) + "]");
        }
        return text;
    }

    /** In 16-bit code targets wrap at 64 KiB; objdump adds the 64 KiB block it believes the code to be in. */
    private static String target(String text, Row row, int codeSize) {
        if (codeSize != 16 || row.find(OperandCode.Method.J) < 0) {
            return text;
        }
        return BRANCH_TARGET.matcher(text).replaceAll(match -> "0x" + Long.toHexString(Long.parseUnsignedLong(match.group(1), 16) & 0xFFFF));
    }

    private static String named(String text, Row row) {
        String mnemonic = row.form.mnemonic();
        return switch (mnemonic) {
            // objdump leaves the usual size's letter out.
            case "PUSHAD", "POPAD", "PUSHFD", "POPFD", "IRETD" -> text.endsWith("d") ? text : text + "d";
            case "PUSHFQ", "POPFQ" -> text + "q";
            // objdump warns about instructions of the 8087 and 287.
            case "FNENI", "FNDISI", "FNSETPM" -> text.substring(0, text.indexOf('('));
            // MOVSXD with a 16-bit operand reads a word; objdump says doubleword.
            case "MOVSXD" -> row16(text);
            default -> text;
        };
    }

    private static String row16(String text) {
        Matcher matcher = WORD_MOVSXD.matcher(text);
        if (!matcher.matches()) {
            return text;
        }
        String source = matcher.group(2);
        String word = source.startsWith("DWORD") ? source.substring(1) : source.startsWith("e") ? source.substring(1) : source.replaceFirst("d$", "w");
        return matcher.group(1) + word;
    }
}
