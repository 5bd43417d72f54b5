package com.vtsim.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.cpu.isa.Operand.FarPointer;
import com.vtsim.cpu.isa.Operand.Immediate;
import com.vtsim.cpu.isa.Operand.Memory;
import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;
import com.vtsim.cpu.isa.Operand.Relative;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The decoder's corner cases. Expected values are the manual's (Intel SDM volume 2), sections by title. */
class DecoderTest {

    private static Decoded decode(int codeSize, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        Decoder decoder = new Decoder();
        Decoded decoded = decoder.decode(ByteSource.of(bytes, 0), codeSize);
        if (decoded instanceof Instruction instruction) {
            assertThat(instruction.length()).as("length of " + hex).isEqualTo(bytes.length);
        }
        return decoded;
    }

    private static Instruction instruction(int codeSize, String hex) {
        Decoded decoded = decode(codeSize, hex);
        assertThat(decoded).as(hex).isInstanceOf(Instruction.class);
        return (Instruction) decoded;
    }

    private static Register general(int number, int size) {
        return new Register(RegisterFile.GENERAL, number, size, false);
    }

    private static void undefined(int codeSize, String hex) {
        assertThat(decode(codeSize, hex)).as(hex + " in " + codeSize + "-bit code").isEqualTo(Undecodable.UNDEFINED);
    }

    /** @sdm Instruction Prefixes, Group 3: 66 switches between 16 and 32 bits. */
    @Test
    void operandSizePrefixTogglesTheDefault() {
        assertThat(instruction(16, "01 D8").operand(0)).isEqualTo(general(0, 2));
        assertThat(instruction(16, "66 01 D8").operand(0)).isEqualTo(general(0, 4));
        assertThat(instruction(32, "01 D8").operand(0)).isEqualTo(general(0, 4));
        assertThat(instruction(32, "66 01 D8").operand(0)).isEqualTo(general(0, 2));
        assertThat(instruction(64, "01 D8").operand(0)).isEqualTo(general(0, 4));
        assertThat(instruction(64, "48 01 D8").operand(0)).isEqualTo(general(0, 8));
    }

    /** @sdm REX Prefixes: W takes precedence over 66. */
    @Test
    void rexWTakesPrecedenceOverOperandSizePrefix() {
        assertThat(instruction(64, "66 48 01 D8").operandSize()).isEqualTo(8);
    }

    /** @sdm REX Prefixes: a REX prefix not directly before the opcode is ignored. */
    @Test
    void rexBeforeAnotherPrefixIsIgnored() {
        assertThat(instruction(64, "48 66 01 D8").operandSize()).isEqualTo(2);
        assertThat(instruction(64, "4C 41 89 C0").operand(0)).isEqualTo(general(8, 4));
        assertThat(instruction(64, "4C 41 89 C0").operand(1)).isEqualTo(general(0, 4));
    }

    /** @sdm REX Prefixes: byte registers 4–7 are SPL, BPL, SIL, DIL with any REX prefix. */
    @Test
    void rexReplacesHighByteRegisters() {
        assertThat(instruction(64, "88 E0").operand(1)).isEqualTo(new Register(RegisterFile.GENERAL, 0, 1, true));
        assertThat(instruction(64, "40 88 E0").operand(1)).isEqualTo(general(4, 1));
        assertThat(instruction(64, "B7 01").operand(0)).isEqualTo(new Register(RegisterFile.GENERAL, 3, 1, true));
        assertThat(instruction(64, "40 B7 01").operand(0)).isEqualTo(general(7, 1));
    }

    /** @sdm Addressing-Mode Encoding of ModR/M and SIB Bytes, 16-Bit Addressing Forms. */
    @Test
    void sixteenBitAddressesUseBaseAndIndexPairs() {
        assertThat(instruction(16, "8B 00").operand(1)).isEqualTo(new Memory(3, 3, 6, 1, 0, 2, 2));
        assertThat(instruction(16, "8B 43 FE").operand(1)).isEqualTo(new Memory(2, 5, 7, 1, -2, 2, 2));
        assertThat(instruction(16, "8B 06 34 12").operand(1)).isEqualTo(new Memory(3, Memory.NONE, Memory.NONE, 1, 0x1234, 2, 2));
        assertThat(instruction(16, "8B 46 00").operand(1)).isEqualTo(new Memory(2, 5, Memory.NONE, 1, 0, 2, 2));
        assertThat(instruction(32, "67 8B 87 00 80").operand(1)).isEqualTo(new Memory(3, 3, Memory.NONE, 1, -0x8000, 2, 4));
    }

    /** @sdm 32-Bit Addressing Forms with the SIB Byte. */
    @Test
    void sibSpecialCases() {
        assertThat(instruction(32, "8B 04 24").operand(1)).isEqualTo(new Memory(2, 4, Memory.NONE, 1, 0, 4, 4));
        assertThat(instruction(32, "8B 04 8D 10 00 00 00").operand(1)).isEqualTo(new Memory(3, Memory.NONE, 1, 4, 16, 4, 4));
        assertThat(instruction(64, "8B 04 25 00 00 00 80").operand(1))
                .isEqualTo(new Memory(3, Memory.NONE, Memory.NONE, 1, -0x8000_0000L, 8, 4));
        assertThat(instruction(64, "42 8B 04 20").operand(1)).isEqualTo(new Memory(3, 0, 12, 1, 0, 8, 4));
        assertThat(instruction(64, "41 8B 45 00").operand(1)).isEqualTo(new Memory(3, 13, Memory.NONE, 1, 0, 8, 4));
        assertThat(instruction(64, "41 8B 04 24").operand(1)).isEqualTo(new Memory(3, 12, Memory.NONE, 1, 0, 8, 4));
    }

    /** @sdm RIP-Relative Addressing. */
    @Test
    void disp32AloneIsRipRelativeIn64BitModeOnly() {
        assertThat(instruction(64, "8B 05 FC FF FF FF").operand(1)).isEqualTo(new Memory(3, Memory.RIP, Memory.NONE, 1, -4, 8, 4));
        assertThat(instruction(64, "67 8B 05 00 00 00 00").operand(1)).isEqualTo(new Memory(3, Memory.RIP, Memory.NONE, 1, 0, 4, 4));
        assertThat(instruction(32, "8B 05 FC FF FF FF").operand(1)).isEqualTo(new Memory(3, Memory.NONE, Memory.NONE, 1, -4, 4, 4));
    }

    /** @sdm Direct Memory-Offset MOVs. */
    @Test
    void memoryOffsetsAreAsWideAsAddresses() {
        assertThat(instruction(64, "A1 88 77 66 55 44 33 22 11").operand(1))
                .isEqualTo(new Memory(3, Memory.NONE, Memory.NONE, 1, 0x1122_3344_5566_7788L, 8, 4));
        assertThat(instruction(64, "67 48 A3 44 33 22 11").operand(0))
                .isEqualTo(new Memory(3, Memory.NONE, Memory.NONE, 1, 0x1122_3344, 4, 8));
        assertThat(instruction(16, "2E A0 34 12").operand(1)).isEqualTo(new Memory(1, Memory.NONE, Memory.NONE, 1, 0x1234, 2, 1));
    }

    /** @sdm Instruction Prefixes, Group 2; CS, DS, ES and SS overrides are ignored in 64-bit mode. */
    @Test
    void only64BitModeIgnoresMostSegmentOverrides() {
        assertThat(instruction(32, "36 A4").segmentOverride()).isEqualTo(2);
        assertThat(instruction(64, "36 A4").segmentOverride()).isEqualTo(-1);
        assertThat(instruction(64, "65 36 A4").segmentOverride()).isEqualTo(5);
        assertThat(((Memory) instruction(64, "2E 8B 45 00").operand(1)).segment()).isEqualTo(2);
        assertThat(((Memory) instruction(64, "64 8B 45 00").operand(1)).segment()).isEqualTo(4);
    }

    /** @sdm 64-Bit Mode Instructions with default operand size of 64 bits (Default Operand Size in 64-Bit Mode). */
    @Test
    void stackInstructionsDefaultTo64Bits() {
        assertThat(instruction(64, "50").operand(0)).isEqualTo(general(0, 8));
        assertThat(instruction(64, "66 50").operand(0)).isEqualTo(general(0, 2));
        assertThat(instruction(64, "6A FF").operand(0)).isEqualTo(new Immediate(-1, 8));
        assertThat(instruction(64, "9C").mnemonic()).isEqualTo("PUSHFQ");
        assertThat(instruction(64, "66 9C").mnemonic()).isEqualTo("PUSHF");
        assertThat(instruction(32, "9C").mnemonic()).isEqualTo("PUSHFD");
        assertThat(instruction(64, "CF").mnemonic()).isEqualTo("IRETD");
        assertThat(instruction(64, "48 CF").mnemonic()).isEqualTo("IRETQ");
    }

    /** @sdm Opcode Map, superscript f64: near branches are 64-bit and a 66 prefix is ignored on Intel processors. */
    @Test
    void nearBranchesIgnoreOperandSizePrefixIn64BitMode() {
        assertThat(instruction(64, "66 E8 00 01 00 00").operand(0)).isEqualTo(new Relative(0x100, 4));
        assertThat(instruction(64, "66 C3").operandSize()).isEqualTo(8);
        assertThat(instruction(64, "66 FF E0").operand(0)).isEqualTo(general(0, 8));
        assertThat(instruction(32, "66 E8 00 01").operand(0)).isEqualTo(new Relative(0x100, 2));
        assertThat(instruction(16, "66 0F 84 00 00 01 00").operand(0)).isEqualTo(new Relative(0x1_0000, 4));
    }

    /** @sdm MOV—Move to/from Control Registers: the 2 bits in the mod field are ignored; #UD for registers that are not there. */
    @Test
    void controlRegisterMovesIgnoreMod() {
        assertThat(instruction(64, "0F 20 05").operand(0)).isEqualTo(general(5, 8));
        assertThat(instruction(32, "0F 22 9C").operand(0)).isEqualTo(new Register(RegisterFile.CONTROL, 3, 4, false));
        assertThat(instruction(64, "44 0F 20 C0").operand(1)).isEqualTo(new Register(RegisterFile.CONTROL, 8, 8, false));
        undefined(32, "0F 20 C8");
        undefined(64, "44 0F 20 C8");
        undefined(64, "44 0F 21 C0");
    }

    /** @sdm MOV: #UD on a load of CS; segment register fields 6 and 7 name none. */
    @Test
    void segmentMovesRefuseCsAndMissingRegisters() {
        assertThat(instruction(16, "8C C8").operand(1)).isEqualTo(new Register(RegisterFile.SEGMENT, 1, 2, false));
        undefined(16, "8E C8");
        undefined(32, "8E F0");
        undefined(32, "8C F8");
    }

    /** @sdm LOCK—Assert LOCK# Signal Prefix: #UD unless a listed instruction with a memory destination. */
    @Test
    void lockNeedsALockableInstructionAndMemory() {
        assertThat(instruction(32, "F0 01 00").lock()).isTrue();
        assertThat(instruction(32, "F0 0F C7 08").mnemonic()).isEqualTo("CMPXCHG8B");
        assertThat(instruction(64, "F0 48 0F C7 08").mnemonic()).isEqualTo("CMPXCHG16B");
        undefined(32, "F0 01 C0");
        undefined(32, "F0 03 00");
        undefined(32, "F0 39 00");
        undefined(32, "F0 8B 00");
        undefined(32, "F0 90");
        undefined(32, "F0 0F A3 00");
    }

    /** @sdm XCHG, NOP, PAUSE: 90 is NOP, with REX.B it exchanges R8; F3 90 is PAUSE. */
    @Test
    void opcode90HasThreeMeanings() {
        assertThat(instruction(64, "90").mnemonic()).isEqualTo("NOP");
        assertThat(instruction(64, "48 90").mnemonic()).isEqualTo("NOP");
        assertThat(instruction(64, "F3 90").mnemonic()).isEqualTo("PAUSE");
        assertThat(instruction(64, "F3 90").repeat()).isZero();
        Instruction exchange = instruction(64, "41 90");
        assertThat(exchange.mnemonic()).isEqualTo("XCHG");
        assertThat(exchange.operands()).containsExactly(general(8, 4), general(0, 4));
    }

    /** @sdm TZCNT, LZCNT, POPCNT: F3 selects the other instruction, 66 still sets the size. */
    @Test
    void mandatoryRepeatPrefixSelectsTheInstruction() {
        assertThat(instruction(32, "0F BC C1").mnemonic()).isEqualTo("BSF");
        assertThat(instruction(32, "F3 0F BC C1").mnemonic()).isEqualTo("TZCNT");
        assertThat(instruction(32, "66 F3 0F BD C1").operand(0)).isEqualTo(general(0, 2));
        assertThat(instruction(32, "F3 66 0F B8 C1").mnemonic()).isEqualTo("POPCNT");
        undefined(32, "0F B8 C1");
        assertThat(instruction(64, "66 F2 48 0F 38 F1 C1").mnemonic()).isEqualTo("CRC32");
        assertThat(instruction(64, "66 F2 0F 38 F1 C1").operands()).containsExactly(general(0, 4), general(1, 2));
        assertThat(instruction(32, "66 0F 38 F0 00").operand(0)).isEqualTo(general(0, 2));
    }

    /** @sdm Instruction Prefixes, Group 1: the last of several repeat prefixes counts. */
    @Test
    void lastRepeatPrefixCounts() {
        assertThat(instruction(32, "F3 F2 A6").repeat()).isEqualTo(0xF2);
        assertThat(instruction(32, "F2 F3 AA").repeat()).isEqualTo(0xF3);
    }

    /** @sdm Opcode Map: superscripts i64 and o64. */
    @Test
    void someOpcodesExistInOneModeOnly() {
        for (String hex : new String[] {"06", "0E", "27", "37", "60", "9A 00 00 00 00 00 00", "CE", "D4 0A", "D6", "82 C0 01", "EA 00 00 00 00 00 00"}) {
            instruction(32, hex);
            undefined(64, hex);
        }
        undefined(32, "0F 05");
        undefined(32, "0F 01 F8");
        assertThat(instruction(64, "63 C1").mnemonic()).isEqualTo("MOVSXD");
        assertThat(instruction(32, "63 C1").mnemonic()).isEqualTo("ARPL");
    }

    /** @sdm Opcode Map: far pointers. */
    @Test
    void farPointersHoldOffsetAndSelector() {
        assertThat(instruction(16, "EA 5B E0 00 F0").operand(0)).isEqualTo(new FarPointer(0xF000, 0xE05B, 4));
        assertThat(instruction(32, "9A 44 33 22 F1 08 00").operand(0)).isEqualTo(new FarPointer(8, 0xF122_3344L, 6));
    }

    /** @sdm Immediates in 64-Bit Mode: 32 bits sign-extended; only MOV has 64. */
    @Test
    void immediatesAreExtendedToTheOperation() {
        assertThat(instruction(64, "48 81 C0 00 00 00 80").operand(1)).isEqualTo(new Immediate(-0x8000_0000L, 8));
        assertThat(instruction(64, "48 B8 88 77 66 55 44 33 22 11").operand(1)).isEqualTo(new Immediate(0x1122_3344_5566_7788L, 8));
        assertThat(instruction(16, "83 C0 FF").operand(1)).isEqualTo(new Immediate(-1, 2));
        assertThat(instruction(16, "CD 80").operand(0)).isEqualTo(new Immediate(0x80, 1));
        assertThat(instruction(16, "C8 00 80 1F").operands()).containsExactly(new Immediate(0x8000, 2), new Immediate(0x1F, 1));
    }

    /** @sdm General-Protection Exception (#GP): an instruction longer than 15 bytes. */
    @Test
    void fifteenBytesAreTheLimit() {
        assertThat(instruction(32, "66".repeat(14) + "90").length()).isEqualTo(15);
        assertThat(decode(32, "66".repeat(15) + "90")).isEqualTo(Undecodable.TOO_LONG);
        assertThat(decode(32, "2E".repeat(9) + "81 05 00 00 00 00 00 00 00 00")).isEqualTo(Undecodable.TOO_LONG);
    }

    /** A byte behind the instruction may be on a page that is not present. */
    @Test
    void noByteBehindTheInstructionIsFetched() {
        byte[] bytes = {0x0F, (byte) 0xAF, 0x05, 1, 2, 3, 4};
        AtomicInteger fetched = new AtomicInteger();
        new Decoder().decode(() -> bytes[fetched.getAndIncrement()] & 0xFF, 32);
        assertThat(fetched).hasValue(7);
        assertThatThrownBy(() -> new Decoder().decode(() -> {
            throw new UnsupportedOperationException("page fault");
        }, 32)).hasMessage("page fault");
    }

    /** @sdm UD—Undefined Instruction: UD0 and UD1 have a ModRM byte, UD2 has none. */
    @Test
    void undefinedInstructionsHaveTheirOwnLength() {
        assertThat(instruction(32, "0F 0B").mnemonic()).isEqualTo("UD2");
        assertThat(instruction(32, "0F B9 00").mnemonic()).isEqualTo("UD1");
        assertThat(instruction(32, "0F FF C0").mnemonic()).isEqualTo("UD0");
    }

    /** @sdm Fences: LFENCE, MFENCE and SFENCE ignore r/m. */
    @Test
    void group15DependsOnModAndPrefix() {
        assertThat(instruction(64, "0F AE EF").mnemonic()).isEqualTo("LFENCE");
        assertThat(instruction(64, "0F AE F3").mnemonic()).isEqualTo("MFENCE");
        assertThat(instruction(64, "0F AE 38").mnemonic()).isEqualTo("CLFLUSH");
        assertThat(instruction(64, "66 0F AE 38").mnemonic()).isEqualTo("CLFLUSHOPT");
        assertThat(instruction(64, "F3 48 0F AE C0").operand(0)).isEqualTo(general(0, 8));
        assertThat(instruction(64, "48 0F AE 00").mnemonic()).isEqualTo("FXSAVE64");
        undefined(32, "F3 0F AE C0");
        undefined(64, "0F AE C0");
    }

    /** @sdm SGDT, LGDT: 10 bytes in 64-bit mode whatever the operand size. */
    @Test
    void descriptorTableOperandsAreTenBytesIn64BitMode() {
        assertThat(instruction(64, "66 0F 01 10").operand(0).size()).isEqualTo(10);
        assertThat(instruction(32, "66 0F 01 10").operand(0).size()).isEqualTo(6);
    }

    /** @sdm Vectors of VMX instructions: VMXON, VMCLEAR, VMPTRLD share an opcode; INVEPT takes 64-bit registers in 64-bit mode. */
    @Test
    void vmxInstructionsAreToldApartByPrefix() {
        assertThat(instruction(64, "F3 0F C7 30").mnemonic()).isEqualTo("VMXON");
        assertThat(instruction(64, "66 0F C7 30").mnemonic()).isEqualTo("VMCLEAR");
        assertThat(instruction(64, "0F C7 30").mnemonic()).isEqualTo("VMPTRLD");
        assertThat(instruction(64, "0F C7 38").mnemonic()).isEqualTo("VMPTRST");
        assertThat(instruction(64, "0F C7 F0").mnemonic()).isEqualTo("RDRAND");
        assertThat(instruction(64, "66 0F 38 80 00").operand(0)).isEqualTo(general(0, 8));
        assertThat(instruction(64, "0F 78 C1").operands()).containsExactly(general(1, 8), general(0, 8));
        assertThat(instruction(64, "0F 01 C3").mnemonic()).isEqualTo("VMRESUME");
    }

    /** @sdm VEX Prefix: outside 64-bit mode C4 and C5 are LES and LDS unless the next byte has bits 7:6 set. */
    @Test
    void vexSharesOpcodesWithLesAndLds() {
        assertThat(instruction(32, "C4 00").mnemonic()).isEqualTo("LES");
        assertThat(instruction(16, "C5 46 02").mnemonic()).isEqualTo("LDS");
        assertThat(instruction(32, "C5 F8 77").mnemonic()).isEqualTo("VZEROUPPER");
        assertThat(instruction(64, "C5 FC 77").mnemonic()).isEqualTo("VZEROALL");
        undefined(64, "C4 00 00");
    }

    /** @sdm VEX Prefix: 66, F2, F3, LOCK and REX in front make it undefined; segment overrides and 67 do not. */
    @Test
    void vexToleratesNoOperationPrefixes() {
        for (String prefix : new String[] {"66", "F2", "F3", "F0", "48"}) {
            undefined(64, prefix + " C5 F0 58 00");
        }
        assertThat(instruction(64, "64 67 C5 F0 58 00").operand(2)).isEqualTo(new Memory(4, 0, Memory.NONE, 1, 0, 4, 16));
    }

    /** @sdm VEX.vvvv and the Source or Destination Operand: 1111b where it holds none. */
    @Test
    void vexRegisterFieldMustBeEmptyWhereUnused() {
        assertThat(instruction(64, "C5 F8 28 C1").operands()).hasSize(2);
        undefined(64, "C5 F0 28 C1");
    }

    /** @sdm Instruction pages: VEX.128 only, VEX.256 only, or either length. */
    @Test
    void vexLengthSelectsOrIsChecked() {
        assertThat(instruction(64, "C5 F0 58 C2").vectorLength()).isEqualTo(16);
        assertThat(instruction(64, "C5 F4 58 C2").operand(0)).isEqualTo(new Register(RegisterFile.VECTOR, 0, 32, false));
        assertThat(instruction(64, "C5 F6 58 C2").mnemonic()).isEqualTo("VADDSS");
        undefined(64, "C5 FD 6E C0");
        undefined(64, "C4 E2 79 16 C1");
        undefined(64, "C4 E2 64 F2 C1");
    }

    /** @sdm ANDN, VMOVQ: W selects 64-bit operands in 64-bit mode only. */
    @Test
    void vexWIsIgnoredForGeneralRegistersOutside64BitMode() {
        assertThat(instruction(64, "C4 E2 E0 F2 C1").operand(0)).isEqualTo(general(0, 8));
        assertThat(instruction(32, "C4 E2 E0 F2 C1").operand(0)).isEqualTo(general(0, 4));
        assertThat(instruction(64, "C4 E1 F9 6E C0").mnemonic()).isEqualTo("VMOVQ");
        assertThat(instruction(32, "C4 E1 F9 6E C0").mnemonic()).isEqualTo("VMOVD");
        undefined(32, "C4 E2 F9 18 C0");
    }

    /** @sdm VPGATHERDD: destination, index and mask are three registers; VSIB needs a SIB byte and no 16-bit addressing. */
    @Test
    void gathersNeedThreeDifferentRegisters() {
        assertThat(instruction(64, "C4 E2 61 90 0C 90").operand(1)).isEqualTo(new Memory(3, 0, 2, 4, 0, 8, 4));
        undefined(64, "C4 E2 69 90 0C 90");
        undefined(64, "C4 E2 71 90 0C 90");
        undefined(64, "C4 E2 61 90 08");
        undefined(16, "C4 E2 61 90 0C");
    }

    /** @sdm XACQUIRE/XRELEASE: hints, F2 and F3 before LOCK, ignored without HLE. */
    @Test
    void elisionHintsAreIgnored() {
        assertThat(instruction(64, "F2 F0 01 00").mnemonic()).isEqualTo("ADD");
        assertThat(instruction(64, "F0 F3 87 00").lock()).isTrue();
        assertThat(instruction(64, "F3 C6 00 05").mnemonic()).isEqualTo("MOV");
    }

    /** @sdm MMX, SSE: F2 and F3 win over 66; a row marked NP refuses every prefix. */
    @Test
    void mandatoryPrefixesHaveAnOrder() {
        assertThat(instruction(64, "66 F3 0F 10 C1").mnemonic()).isEqualTo("MOVSS");
        assertThat(instruction(64, "F3 F2 0F 10 C1").mnemonic()).isEqualTo("MOVSD");
        assertThat(instruction(64, "66 0F 6F C1").mnemonic()).isEqualTo("MOVDQA");
        undefined(64, "F2 0F 6F C1");
        undefined(64, "F3 0F C7 18");
    }

    /** @sdm Escape Opcode Instructions. */
    @Test
    void x87OpcodesDependOnTheSecondByte() {
        assertThat(instruction(32, "D9 E8").mnemonic()).isEqualTo("FLD1");
        assertThat(instruction(32, "D8 C3").operands()).containsExactly(new Register(RegisterFile.X87, 0, 10, false), new Register(RegisterFile.X87, 3, 10, false));
        assertThat(instruction(32, "DB 28").operand(0).size()).isEqualTo(10);
        assertThat(instruction(16, "DD 34").operand(0).size()).isEqualTo(94);
        assertThat(instruction(32, "DD 30").operand(0).size()).isEqualTo(108);
        undefined(32, "D9 E2");
    }
}
