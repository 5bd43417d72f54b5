package com.vtsim.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random bytes: decoder and objdump agree on what is an instruction and how long it is, but for explained differences. */
class RandomBytesTest {
    private static final int STRINGS = Integer.getInteger("vtsim.isa.strings", 20_000);
    private static final long SEED = Long.getLong("vtsim.isa.seed", 20_260);
    private static final int SLOT = 48;
    /** NOPs in front of the random bytes bring objdump back into step after the zeros. */
    private static final int NOPS = 9;
    private static final byte[] PREFIXES = {0x66, (byte) 0xF2, (byte) 0xF3, 0x67, (byte) 0xF0, 0x48, 0x41};

    /** Extensions that the opcode table leaves out: objdump knows them all at once. */
    private static final Pattern OTHER_EXTENSION = Pattern.compile("^(aes(enc|dec)(wide)?(128|256)kl|encodekey\\w+|loadiwkey|a(add|and|x?or)|cmp\\w+xadd|encl\\w|encls"
            + "|enclu|enqcmds?|extrq|insertq|movnts[sd]|femms|pf\\w+|pavgusb|pi2f[dw]|pmulhrw|pswapd|getsec|v?gf2p8\\w+|incssp[dq]|rdssp[dq]|saveprevssp|rstorssp"
            + "|wru?ss[dq]|setssbsy|clrssbsy|k[a-z]+|movdir\\w+|monitorx|mwaitx|clzero|rdpru|mcommit|vmrun|vmmcall|vmload|vmsave|vmgexit|stgi|clgi|skinit|invlpgb?a?"
            + "|tlbsync|psmash|pvalidate|rmpadjust|rmpupdate|rmpquery|ptwrite|x(begin|abort|end|test)|xsusldtrk|xresldtrk|xcrypt-?\\w+|xstore-?\\w*|xsha\\w+|montmul"
            + "|uiret|clui|stui|testui|senduipi|hreset|pconfig|seam\\w+|tdcall|cldemote|bnd[a-z]{2,}|llwpcb|slwpcb|lwp\\w+|tzmsk|blc\\w+|blsfill|blsic|t1mskc"
            + "|\\{\\w+}.*|vpdp\\w+|vcvtne\\w+|vbcst\\w+|vfn?m(add|sub|addsub|subadd)[ps][sd]|vpermil2p[sd]|vpc(mov|om\\w+)|vpmacs\\w+|vpmadcs\\w+|vpperm|vprot\\w|vpsh[al][bwdq]"
            + "|vphadd(bd|bq|bw|dq|u\\w+|wd|wq)|vphsub(bw|dq|wd)|vfrcz\\w+|vpmadd52\\w+|tile\\w+|ldtilecfg|sttilecfg|tdp\\w+|rdmsrlist|wrmsrlist|wrmsrns|frstpm\\S*)$");
    /** A line that holds prefixes only: objdump shows a REX that is not last, or a repeated prefix, as an instruction of its own. */
    private static final Pattern PREFIXES_ONLY =
            Pattern.compile("(?:(?:rex\\S*|lock|rep\\w*|data16|data32|addr16|addr32|[c-gs]s|notrack|bnd|xacquire|xrelease|fwait) ?)+");
    private static final Pattern LEADING = Pattern.compile("^(?:(?:rex\\S*|rep\\w*|data16|data32|addr16|addr32|[c-gs]s|notrack|bnd|xacquire|xrelease) )*");

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void decoderAndObjdumpAgree(int codeSize) {
        Binutils.assumeInstalled();
        byte[] image = image(codeSize);
        Map<Integer, String> lines = Binutils.objdump(image, codeSize);
        Map<String, String> differences = new TreeMap<>();
        Decoder decoder = new Decoder();
        int compared = 0;
        for (int at = NOPS; at < image.length; at += SLOT) {
            String line = lines.get(at);
            if (line == null) {
                // Part of a run of zeros, which objdump leaves out.
                continue;
            }
            compared++;
            int end = at + 1;
            while (!lines.containsKey(end) && end < at + SLOT) {
                end++;
            }
            Decoded decoded = decoder.decode(ByteSource.of(image, at), codeSize);
            String difference = difference(decoded, line.replaceAll("\\s+", " ").strip(), end - at, image, at, codeSize);
            if (difference != null) {
                differences.putIfAbsent(difference, HexFormat.of().formatHex(image, at, at + 15) + " " + line);
            }
        }
        assertThat(compared).isGreaterThan(STRINGS * 9 / 10);
        assertThat(differences).isEmpty();
    }

    /** Slots of NOPs, 15 random bytes biased towards the larger opcode maps, and zeros. */
    private static byte[] image(int codeSize) {
        SplittableRandom random = new SplittableRandom(SEED + codeSize);
        byte[] image = new byte[STRINGS * SLOT];
        for (int slot = 0; slot < image.length; slot += SLOT) {
            byte[] bytes = new byte[15];
            random.nextBytes(bytes);
            int at = 0;
            int shape = random.nextInt(6);
            if (shape == 0) {
                bytes[at++] = PREFIXES[random.nextInt(PREFIXES.length)];
            }
            if (shape <= 2) {
                if (random.nextInt(3) == 0) {
                    bytes[at++] = PREFIXES[random.nextInt(3)];
                }
                bytes[at++] = 0x0F;
                int map = random.nextInt(4);
                if (map < 2) {
                    bytes[at] = (byte) (map == 0 ? 0x38 : 0x3A);
                }
            } else if (shape == 3) {
                boolean two = random.nextBoolean();
                bytes[0] = (byte) (two ? 0xC5 : 0xC4);
                if (!two) {
                    bytes[1] = (byte) (random.nextInt(8) << 5 | 1 + random.nextInt(3));
                }
                int last = two ? 1 : 2;
                bytes[last] |= (byte) (random.nextBoolean() ? 0x78 : 0);
                bytes[last] &= (byte) (random.nextBoolean() ? ~4 : ~0);
            }
            Arrays.fill(image, slot, slot + NOPS, (byte) 0x90);
            System.arraycopy(bytes, 0, image, slot + NOPS, 15);
        }
        return image;
    }

    /** @return null where both agree or the difference is explained, else its kind */
    private static String difference(Decoded decoded, String line, int length, byte[] image, int at, int codeSize) {
        boolean bad = line.contains("(bad)");
        String plain = LEADING.matcher(line).replaceFirst("");
        String name = plain.split(" ")[0];
        if (PREFIXES_ONLY.matcher(line + " ").matches() && !line.equals("fwait")) {
            return null;
        }
        if (decoded instanceof Instruction instruction) {
            if (bad) {
                return objdumpIsStricter(instruction) ? null : "objdump refuses " + instruction.form().opcode() + " " + instruction.mnemonic();
            }
            // objdump takes WAIT and the x87 instruction behind it for one.
            boolean agree = instruction.length() == length || instruction.mnemonic().equals("WAIT");
            return agree ? null : "length of " + instruction.mnemonic() + " is not that of " + name;
        }
        if (bad || decoded == Undecodable.TOO_LONG && length > Decoder.MAX_LENGTH || objdumpIsLenient(line, plain, name, image, at, codeSize)) {
            return null;
        }
        return "objdump accepts " + name;
    }

    private static boolean objdumpIsStricter(Instruction instruction) {
        Row row = OpcodeTable.instance().rows().get(instruction.form().index());
        return switch (instruction.mnemonic()) {
            // Undocumented but there since the 8086.
            case "SALC" -> true;
            // objdump takes WAIT and the x87 instruction behind it for one, which may be undefined.
            case "WAIT" -> true;
            // Reserved NOPs: objdump takes them for MPX, CLDEMOTE or 3DNow! and finds registers missing.
            case "NOP" -> row.alias;
            // No mandatory prefix in the manual: 66, F2 (and F3 without LZCNT or TZCNT) have no effect.
            case "WBINVD", "BSF", "BSR" -> true;
            // "The processor ignores the r/m field of the ModR/M byte." (LFENCE, MFENCE, SFENCE)
            case "LFENCE", "MFENCE", "SFENCE" -> true;
            default -> false;
        };
    }

    private static boolean objdumpIsLenient(String line, String plain, String name, byte[] image, int at, int codeSize) {
        if (OTHER_EXTENSION.matcher(name).matches() || (image[at] & 0xFF) == 0x62 || line.contains("{")) {
            return true;
        }
        // LOCK—Assert LOCK# Signal Prefix: #UD with other instructions or a register destination.
        if (line.contains("lock ")) {
            return true;
        }
        // MOV to CS, segment registers 6 and 7, control and debug registers that are not there, test registers of the 486.
        if (name.equals("mov") && plain.matches(".*(\\?|mov cs,|[cdt][rb]\\d).*")) {
            return true;
        }
        // VEX Prefix: a REX prefix in front of it makes the instruction undefined.
        if (line.contains("rex") && name.startsWith("v")) {
            return true;
        }
        // 64-bit mode only: superscript o64 of the opcode map.
        if (codeSize != 64 && name.matches("swapgs|syscall|sysret.?|(rd|wr)[fg]sbase")) {
            return true;
        }
        // Opcode columns with NP or NFx, and VZEROUPPER: a prefix that is not in them makes the opcode undefined.
        if (name.matches("vzero\\w+|vldmxcsr|vstmxcsr") || name.matches("vaes\\w+|vpclmul\\w+") && line.contains("ymm") || prefixIsExcluded(image, at, codeSize)) {
            return true;
        }
        return false;
    }

    /** @return whether the bytes without 66, F2 and F3 in front are an instruction */
    private static boolean prefixIsExcluded(byte[] image, int at, int codeSize) {
        byte[] kept = new byte[20];
        int length = 0;
        boolean dropped = false;
        boolean prefix = true;
        for (int i = 0; i < 15; i++) {
            int value = image[at + i] & 0xFF;
            boolean droppable = value == 0x66 || value == 0xF2 || value == 0xF3;
            if (prefix && droppable) {
                dropped = true;
                continue;
            }
            prefix &= value == 0x67 || value == 0xF0 || value == 0x26 || value == 0x2E || value == 0x36 || value == 0x3E
                    || value == 0x64 || value == 0x65 || codeSize == 64 && (value & 0xF0) == 0x40;
            kept[length++] = (byte) value;
        }
        return dropped && new Decoder().decode(ByteSource.of(kept, 0), codeSize) instanceof Instruction;
    }
}
