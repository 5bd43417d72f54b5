package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** MUL, IMUL, DIV, IDIV. @sdm MUL—Unsigned Multiply; IMUL—Signed Multiply; DIV—Unsigned Divide; IDIV—Signed Divide */
final class MultiplyDivide {
    private MultiplyDivide() { }

    static void define(Semantics s) {
        s.define("MUL", MultiplyDivide::multiply);
        s.define("IMUL", MultiplyDivide::multiplySigned);
        s.define("DIV", MultiplyDivide::divide);
        s.define("IDIV", MultiplyDivide::divideSigned);
    }

    private static Operation multiply(Instruction instruction, Translation at) {
        Place place = Place.of(instruction, 0, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long b = place.read(cpu);
                if (place.size == 8) {
                    long a = cpu.r[Cpu.RAX];
                    setProduct(cpu, a * b, highUnsigned(a, b), 8, highUnsigned(a, b) != 0);
                } else {
                    long product = (cpu.r[Cpu.RAX] & Place.mask(place.size)) * b;
                    long high = product >>> place.bits;
                    setProduct(cpu, product, high, place.size, high != 0);
                }
            }
        };
    }

    static long highUnsigned(long a, long b) {
        return Math.multiplyHigh(a, b) + (a >> 63 & b) + (b >> 63 & a);
    }

    /** Stores a product of twice {@code size} bytes. */
    private static void setProduct(Cpu cpu, long low, long high, int size, boolean overflow) {
        if (size == 1) {
            cpu.set16(Cpu.RAX, (int) low & 0xFF | (int) high << 8);
        } else {
            Place.set(cpu, Cpu.RAX, size, low);
            Place.set(cpu, Cpu.RDX, size, high);
        }
        FlagRules.product(cpu, Place.signed(low, size * 8), overflow);
    }

    private static Operation multiplySigned(Instruction instruction, Translation at) {
        if (instruction.operands().size() == 1) {
            return multiplyAccumulatorSigned(instruction, at);
        }
        int d = ((Operand.Register) instruction.operand(0)).number();
        int size = instruction.operandSize();
        if (instruction.operands().size() == 3) {
            long b = ((Operand.Immediate) instruction.operand(2)).value();
            return multiplyByConstant(d, Place.of(instruction, 1, at), b);
        }
        if (instruction.operand(1) instanceof Operand.Register s && size >= 4) {
            return size == 8 ? multiply64(d, s.number()) : multiply32(d, s.number());
        }
        if (size == 8) {
            MemoryRef m = at.memory(instruction, 1);
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    truncated64(cpu, d, cpu.r[d], m.load64(cpu));
                }
            };
        }
        Place source = Place.of(instruction, 1, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                truncated(cpu, d, Place.signed(cpu.r[d], source.bits) * source.readSigned(cpu), source.size);
            }
        };
    }

    private static Operation multiply32(int d, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                truncated(cpu, d, (long) (int) cpu.r[d] * (int) cpu.r[s], 4);
            }
        };
    }

    private static Operation multiply64(int d, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                truncated64(cpu, d, cpu.r[d], cpu.r[s]);
            }
        };
    }

    private static Operation multiplyByConstant(int d, Place source, long b) {
        if (source.size == 8) {
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    truncated64(cpu, d, source.read(cpu), b);
                }
            };
        }
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                truncated(cpu, d, source.readSigned(cpu) * b, source.size);
            }
        };
    }

    private static void truncated(Cpu cpu, int d, long product, int size) {
        long result = Place.signed(product, size * 8);
        Place.set(cpu, d, size, result);
        FlagRules.product(cpu, result, result != product);
    }

    private static void truncated64(Cpu cpu, int d, long a, long b) {
        long result = a * b;
        boolean overflow = Math.multiplyHigh(a, b) != result >> 63;
        cpu.r[d] = result;
        FlagRules.product(cpu, result, overflow);
    }

    private static Operation multiplyAccumulatorSigned(Instruction instruction, Translation at) {
        Place place = Place.of(instruction, 0, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long b = place.readSigned(cpu);
                long a = Place.signed(cpu.r[Cpu.RAX], place.bits);
                long product = a * b;
                if (place.size == 8) {
                    long high = Math.multiplyHigh(a, b);
                    setProduct(cpu, product, high, 8, high != product >> 63);
                } else {
                    setProduct(cpu, product, product >> place.bits, place.size, Place.signed(product, place.bits) != product);
                }
            }
        };
    }

    private static GuestFault divideError(Cpu cpu) {
        return cpu.fault(0, GuestFault.NO_CODE);
    }

    private static Operation divide(Instruction instruction, Translation at) {
        Place place = Place.of(instruction, 0, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long divisor = place.read(cpu);
                if (place.size == 8) {
                    divide128(cpu, divisor);
                    return;
                }
                long dividend = dividend(cpu, place.size);
                if (divisor == 0) {
                    throw divideError(cpu);
                }
                long quotient = Long.divideUnsigned(dividend, divisor);
                if (Long.compareUnsigned(quotient, Place.mask(place.size)) > 0) {
                    throw divideError(cpu);
                }
                setQuotient(cpu, quotient, dividend - quotient * divisor, place.size);
            }
        };
    }

    /** @return AX, DX:AX or EDX:EAX */
    private static long dividend(Cpu cpu, int size) {
        long[] r = cpu.r;
        return switch (size) {
            case 1 -> r[Cpu.RAX] & 0xFFFF;
            case 2 -> r[Cpu.RAX] & 0xFFFF | (r[Cpu.RDX] & 0xFFFF) << 16;
            default -> r[Cpu.RAX] & 0xFFFF_FFFFL | r[Cpu.RDX] << 32;
        };
    }

    private static void setQuotient(Cpu cpu, long quotient, long remainder, int size) {
        if (size == 1) {
            cpu.set16(Cpu.RAX, (int) quotient & 0xFF | (int) remainder << 8);
        } else {
            Place.set(cpu, Cpu.RAX, size, quotient);
            Place.set(cpu, Cpu.RDX, size, remainder);
        }
    }

    private static void divide128(Cpu cpu, long divisor) {
        long high = cpu.r[Cpu.RDX];
        long low = cpu.r[Cpu.RAX];
        if (Long.compareUnsigned(high, divisor) >= 0) {
            throw divideError(cpu);
        }
        long quotient = high == 0 ? Long.divideUnsigned(low, divisor) : quotient128(high, low, divisor);
        setQuotient(cpu, quotient, low - quotient * divisor, 8);
    }

    /** @return high:low / divisor, where the quotient is known to fit: bit by bit, restoring */
    private static long quotient128(long high, long low, long divisor) {
        long remainder = high;
        long quotient = low;
        for (int i = 0; i < 64; i++) {
            boolean carry = remainder < 0;
            remainder = remainder << 1 | quotient >>> 63;
            quotient <<= 1;
            if (carry || Long.compareUnsigned(remainder, divisor) >= 0) {
                remainder -= divisor;
                quotient |= 1;
            }
        }
        return quotient;
    }

    private static Operation divideSigned(Instruction instruction, Translation at) {
        Place place = Place.of(instruction, 0, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long divisor = place.readSigned(cpu);
                if (place.size == 8) {
                    divideSigned128(cpu, divisor);
                    return;
                }
                long dividend = Place.signed(dividend(cpu, place.size), place.bits * 2);
                if (divisor == 0 || divisor == -1 && dividend == Long.MIN_VALUE) {
                    throw divideError(cpu);
                }
                long quotient = dividend / divisor;
                if (Place.signed(quotient, place.bits) != quotient) {
                    throw divideError(cpu);
                }
                setQuotient(cpu, quotient, dividend - quotient * divisor, place.size);
            }
        };
    }

    private static void divideSigned128(Cpu cpu, long divisor) {
        long high = cpu.r[Cpu.RDX];
        long low = cpu.r[Cpu.RAX];
        if (divisor == 0) {
            throw divideError(cpu);
        }
        if (high == low >> 63 && !(low == Long.MIN_VALUE && divisor == -1)) {
            setQuotient(cpu, low / divisor, low % divisor, 8);
            return;
        }
        boolean negative = high < 0;
        if (negative) {
            low = -low;
            high = ~high + (low == 0 ? 1 : 0);
        }
        long magnitude = Math.abs(divisor);
        if (Long.compareUnsigned(high, magnitude) >= 0) {
            throw divideError(cpu);
        }
        long quotient = quotient128(high, low, magnitude);
        long remainder = low - quotient * magnitude;
        boolean negativeQuotient = negative != divisor < 0;
        if (negativeQuotient ? Long.compareUnsigned(quotient, Long.MIN_VALUE) > 0 : quotient < 0) {
            throw divideError(cpu);
        }
        setQuotient(cpu, negativeQuotient ? -quotient : quotient, negative ? -remainder : remainder, 8);
    }
}
