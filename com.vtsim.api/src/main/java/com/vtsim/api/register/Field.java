package com.vtsim.api.register;

/**
 * Bits {@code high:low} of a register, as the manuals print them.
 *
 * @param high most significant bit, 0–63
 * @param low  least significant bit, 0–63, at most {@code high}
 */
public record Field(int high, int low) {

    /** Checks the ranges. */
    public Field {
        if (low < 0 || high > 63 || low > high) {
            throw new IllegalArgumentException("no bit-field: " + high + ":" + low);
        }
    }

    /** Bits {@code high:low}. */
    public static Field bits(int high, int low) {
        return new Field(high, low);
    }

    /** One bit. */
    public static Field bit(int number) {
        return new Field(number, number);
    }

    /** @return ones where the field is */
    public long mask() {
        return -1L >>> 63 - high + low << low;
    }

    /** @return the field's value in a register's value */
    public long of(long register) {
        return (register & mask()) >>> low;
    }

    /** @return whether any bit of the field is set */
    public boolean isSet(long register) {
        return (register & mask()) != 0;
    }

    /** @return a register's value with this field at {@code value} and zero elsewhere; bits beyond the field are dropped */
    public long in(long value) {
        return value << low & mask();
    }

    /** @return {@code register} with this field at {@code value} */
    public long with(long register, long value) {
        return register & ~mask() | in(value);
    }
}
