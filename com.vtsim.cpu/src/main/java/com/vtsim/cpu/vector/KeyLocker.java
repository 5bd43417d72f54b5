package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;
import java.util.Arrays;

/**
 * Key Locker: AES with keys that memory holds as handles only. A handle is AAD, tag and one or two blocks of ciphertext: AES-GCM-SIV
 * (RFC 8452) with a nonce of zeros, and with the two halves of the internal wrapping key in place of derived ones. One for each processor.
 *
 * @sdm LOADIWKEY; ENCODEKEY128; ENCODEKEY256; AESENC128KL; AESDEC128KL; AESENC256KL; AESDEC256KL; AESENCWIDE128KL; AESDECWIDE128KL;
 *      AESENCWIDE256KL; AESDECWIDE256KL
 */
final class KeyLocker {
    /** Restrictions in a handle's AAD: for privilege level 0 only, not to encrypt with, not to decrypt with. */
    private static final int CPL0_ONLY = 1, NO_ENCRYPTION = 2, NO_DECRYPTION = 4, RESTRICTIONS = 7;
    /** Bit of the AAD that says AES-256. */
    private static final int LONG_KEY = 1 << 24;
    /** Bits 63:0 of the AAD that are neither restriction nor type. */
    private static final long RESERVED = ~(0xFL << 24 | RESTRICTIONS);
    /** LOADIWKEY's EAX: numbers of the processor's own go into the key; what may be set. */
    private static final int RANDOM = 2, KNOWN = 3;
    private static final int X = FloatingState.LONGS;
    private static final int WIDE = 8;

    /** With the wrapping key, and with the key of a handle. */
    private final AesCipher wrapping = new AesCipher();
    private final AesCipher cipher = new AesCipher();
    /** AAD, tag, and up to two blocks of ciphertext or plaintext. */
    private final long[] handle = new long[8];
    private final long[] keys = new long[6];
    /** POLYVAL under way; then tag or counter block, and what that is encrypted to. */
    private final long[] sum = new long[2];
    private final long[] block = new long[2];
    private final long[] stream = new long[2];

    private KeyLocker() { }

    static void define(Semantics s) {
        KeyLocker unit = new KeyLocker();
        s.define("LOADIWKEY", unit::loading);
        s.define("ENCODEKEY128", unit.encoding(1));
        s.define("ENCODEKEY256", unit.encoding(2));
        for (int blocks = 1; blocks <= 2; blocks++) {
            String size = 128 * blocks + "KL";
            s.define("AESENC" + size, unit.one(blocks, false));
            s.define("AESDEC" + size, unit.one(blocks, true));
            s.define("AESENCWIDE" + size, unit.wide(blocks, false));
            s.define("AESDECWIDE" + size, unit.wide(blocks, true));
        }
    }

    private static void check(Cpu cpu) {
        if ((cpu.system.cr4 & SystemState.CR4_KL) == 0) {
            throw cpu.undefined();
        }
        cpu.floating.sse();
    }

    private static int register(Instruction instruction, int operand) {
        return ((Operand.Register) instruction.operand(operand)).number();
    }

    private Operation loading(Instruction instruction, Translation at) {
        int high = X * register(instruction, 0);
        int low = X * register(instruction, 1);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu);
                int control = cpu.get32(Cpu.RAX);
                if (cpu.cpl != 0 || (control & ~KNOWN) != 0) {
                    throw cpu.protection(0);
                }
                long[] v = cpu.floating.vector;
                keys[0] = v[low];
                keys[1] = v[low + 1];
                keys[2] = v[high];
                keys[3] = v[high + 1];
                keys[4] = v[0];
                keys[5] = v[1];
                for (int i = 0; i < keys.length && (control & RANDOM) != 0; i++) {
                    keys[i] ^= cpu.random();
                }
                cpu.wrappingKey.load(keys, control);
                cpu.arithmeticFlags(0);
            }
        };
    }

    private OperationFactory encoding(int blocks) {
        return (instruction, at) -> {
            int destination = register(instruction, 0);
            int source = register(instruction, 1);
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    check(cpu);
                    int restrictions = cpu.get32(source);
                    if ((restrictions & ~RESTRICTIONS) != 0) {
                        throw cpu.protection(0);
                    }
                    encode(cpu, blocks, restrictions);
                    cpu.set32(destination, cpu.wrappingKey.control());
                    cpu.arithmeticFlags(0);
                }
            };
        };
    }

    private OperationFactory one(int blocks, boolean decrypts) {
        return (instruction, at) -> {
            int d = X * register(instruction, 0);
            MemoryRef memory = at.memory(instruction, 1);
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    check(cpu);
                    apply(cpu, memory, blocks, decrypts, d, 1);
                }
            };
        };
    }

    private OperationFactory wide(int blocks, boolean decrypts) {
        return (instruction, at) -> {
            MemoryRef memory = at.memory(instruction, 0);
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    check(cpu);
                    apply(cpu, memory, blocks, decrypts, 0, WIDE);
                }
            };
        };
    }

    private void encode(Cpu cpu, int blocks, int restrictions) {
        long[] v = cpu.floating.vector;
        handle[0] = restrictions | (blocks == 2 ? LONG_KEY : 0);
        handle[1] = 0;
        for (int i = 0; i < blocks; i++) {
            handle[4 + 2 * i] = v[X * i];
            handle[5 + 2 * i] = v[X * i + 1];
        }
        takeWrappingKey(cpu);
        tag(cpu, blocks);
        handle[2] = stream[0];
        handle[3] = stream[1];
        turn(blocks);
        for (int i = 0; i < 2 + blocks; i++) {
            v[X * i] = handle[2 * i];
            v[X * i + 1] = handle[2 * i + 1];
        }
        for (int i = 4; i < 7; i++) {
            v[X * i] = 0;
            v[X * i + 1] = 0;
        }
    }

    /** Encrypts or decrypts registers with the key of a handle in memory. ZF tells of a handle that is not for this, or not authentic. */
    private void apply(Cpu cpu, MemoryRef memory, int blocks, boolean decrypts, int first, int count) {
        int size = 16 * (2 + blocks);
        long linear = memory.readable(cpu, size);
        for (int i = 0; i < size; i += 8) {
            handle[i >> 3] = cpu.memory.load64(linear + i, memory.segment);
        }
        boolean fits = legal(cpu, blocks, decrypts) && authentic(cpu, blocks);
        if (fits) {
            cipher.key(handle, 4, 4 * blocks);
            long[] v = cpu.floating.vector;
            for (int i = 0; i < count; i++) {
                if (decrypts) {
                    cipher.decrypt(v, first + X * i);
                } else {
                    cipher.encrypt(v, first + X * i, v, first + X * i);
                }
            }
        }
        Arrays.fill(handle, 0);
        cpu.arithmeticFlags(fits ? 0 : Flags.ZF);
    }

    private boolean legal(Cpu cpu, int blocks, boolean decrypts) {
        long aad = handle[0];
        boolean reserved = (aad & RESERVED) != 0 || handle[1] != 0;
        boolean restricted = (aad & CPL0_ONLY) != 0 && cpu.cpl != 0 || (aad & (decrypts ? NO_DECRYPTION : NO_ENCRYPTION)) != 0;
        return !reserved && !restricted && (aad >>> 24 & 0xF) == blocks - 1;
    }

    private boolean authentic(Cpu cpu, int blocks) {
        takeWrappingKey(cpu);
        turn(blocks);
        tag(cpu, blocks);
        return handle[2] == stream[0] && handle[3] == stream[1];
    }

    private void takeWrappingKey(Cpu cpu) {
        for (int i = 0; i < 4; i++) {
            keys[i] = cpu.wrappingKey.encryption(i);
        }
        wrapping.key(keys, 0, 8);
    }

    /** Makes {@link #stream} the tag of AAD and plaintext. */
    private void tag(Cpu cpu, int blocks) {
        sum[0] = 0;
        sum[1] = 0;
        add(cpu, handle[0], handle[1]);
        for (int i = 0; i < blocks; i++) {
            add(cpu, handle[4 + 2 * i], handle[5 + 2 * i]);
        }
        // The lengths in bits of AAD and plaintext.
        add(cpu, 128, 128L * blocks);
        sum[1] &= Long.MAX_VALUE;
        wrapping.encrypt(sum, 0, stream, 0);
    }

    /** Encrypts plaintext, or decrypts ciphertext, with the counter that begins as the tag. */
    private void turn(int blocks) {
        block[0] = handle[2];
        block[1] = handle[3] | Long.MIN_VALUE;
        for (int i = 0; i < blocks; i++) {
            wrapping.encrypt(block, 0, stream, 0);
            handle[4 + 2 * i] ^= stream[0];
            handle[5 + 2 * i] ^= stream[1];
            block[0] = block[0] & ~0xFFFF_FFFFL | block[0] + 1 & 0xFFFF_FFFFL;
        }
    }

    /**
     * A step of POLYVAL: the sum so far and a block, times the integrity key, times x^-128, modulo x^128 + x^127 + x^126 + x^121 + 1.
     *
     * @sdm RFC 8452, POLYVAL
     */
    private void add(Cpu cpu, long low, long high) {
        long a0 = sum[0] ^ low;
        long a1 = sum[1] ^ high;
        long r0 = 0;
        long r1 = 0;
        for (int i = 0; i < 128; i++) {
            long bit = -(cpu.wrappingKey.integrity(i >> 6) >>> i & 1);
            r0 ^= a0 & bit;
            r1 ^= a1 & bit;
            long carry = -(r0 & 1);
            r0 = r0 >>> 1 | r1 << 63;
            r1 = r1 >>> 1 ^ carry & 0xE100_0000_0000_0000L;
        }
        sum[0] = r0;
        sum[1] = r1;
    }
}
