package com.vtsim.pci.lpc.rtc;

import java.time.LocalDateTime;

/**
 * The time, calendar and alarm bytes: binary or BCD, 12 or 24 hours, as register B says. A byte software filled with
 * nonsense counts on from there and is put right at its next carry, as a chain of counters would.
 */
final class Calendar {
    /** Century, a byte of CMOS memory that the chipset's clock carries into. */
    static final int CENTURY = 0x32;

    private static final int SECONDS = 0;
    private static final int SECONDS_ALARM = 1;
    private static final int MINUTES = 2;
    private static final int MINUTES_ALARM = 3;
    private static final int HOURS = 4;
    private static final int HOURS_ALARM = 5;
    private static final int DAY_OF_WEEK = 6;
    private static final int DAY = 7;
    private static final int MONTH = 8;
    private static final int YEAR = 9;
    private static final int B = 0x0B;
    private static final int BINARY = 0x04;
    private static final int HOURS_24 = 0x02;
    private static final int PM = 0x80;
    /** "Don't care" code of an alarm byte: both high bits set. */
    private static final int ANY = 0xC0;

    private Calendar() { }

    /** Sets date and time. */
    static void set(byte[] cells, LocalDateTime time) {
        put(cells, SECONDS, time.getSecond());
        put(cells, MINUTES, time.getMinute());
        putHour(cells, time.getHour());
        put(cells, DAY_OF_WEEK, time.getDayOfWeek().getValue() % 7 + 1);
        put(cells, DAY, time.getDayOfMonth());
        put(cells, MONTH, time.getMonthValue());
        put(cells, YEAR, time.getYear() % 100);
        put(cells, CENTURY, time.getYear() / 100 % 100);
    }

    /** A second passes. */
    static void tick(byte[] cells) {
        if (carries(cells, SECONDS, 0, 59) && carries(cells, MINUTES, 0, 59)) {
            int hour = hour(cells);
            putHour(cells, hour >= 23 ? 0 : hour + 1);
            if (hour >= 23) {
                day(cells);
            }
        }
    }

    /** Many seconds pass. */
    static void add(byte[] cells, long seconds) {
        long left = seconds;
        while (left > 0) {
            long midnight = 86_400 - secondOfDay(cells);
            if (midnight <= 0 || left < midnight) {
                long whole = Math.min(left, Math.max(1, midnight - 1));
                if (midnight > 1) {
                    setSecondOfDay(cells, secondOfDay(cells) + whole);
                } else {
                    tick(cells);
                }
                left -= whole;
            } else {
                setSecondOfDay(cells, 0);
                day(cells);
                left -= midnight;
            }
        }
    }

    private static long secondOfDay(byte[] cells) {
        return hour(cells) * 3600L + get(cells, MINUTES) * 60L + get(cells, SECONDS);
    }

    private static void setSecondOfDay(byte[] cells, long second) {
        put(cells, SECONDS, (int) (second % 60));
        put(cells, MINUTES, (int) (second / 60 % 60));
        putHour(cells, (int) (second / 3600));
    }

    private static void day(byte[] cells) {
        carries(cells, DAY_OF_WEEK, 1, 7);
        if (carries(cells, DAY, 1, days(cells)) && carries(cells, MONTH, 1, 12) && carries(cells, YEAR, 0, 99)) {
            carries(cells, CENTURY, 0, 99);
        }
    }

    private static int days(byte[] cells) {
        return switch (get(cells, MONTH)) {
            case 2 -> leap(get(cells, CENTURY) * 100 + get(cells, YEAR)) ? 29 : 28;
            case 4, 6, 9, 11 -> 30;
            default -> 31;
        };
    }

    private static boolean leap(int year) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    }

    /** Counts a byte on. @return whether it went round */
    private static boolean carries(byte[] cells, int cell, int first, int last) {
        int value = get(cells, cell);
        boolean carry = value >= last;
        put(cells, cell, carry ? first : value + 1);
        return carry;
    }

    /** @return whether the time is what the alarm bytes ask for */
    static boolean alarm(byte[] cells) {
        return matches(cells, SECONDS, SECONDS_ALARM) && matches(cells, MINUTES, MINUTES_ALARM) && matches(cells, HOURS, HOURS_ALARM);
    }

    private static boolean matches(byte[] cells, int time, int alarm) {
        return (cells[alarm] & ANY) == ANY || cells[alarm] == cells[time];
    }

    /** @return date and time for the operator */
    static String text(byte[] cells) {
        return "%02d%02d-%02d-%02d %02d:%02d:%02d".formatted(get(cells, CENTURY), get(cells, YEAR), get(cells, MONTH),
                get(cells, DAY), hour(cells), get(cells, MINUTES), get(cells, SECONDS));
    }

    private static int get(byte[] cells, int cell) {
        return decode(cells, cells[cell] & 0xFF);
    }

    private static void put(byte[] cells, int cell, int value) {
        cells[cell] = (byte) encode(cells, value);
    }

    private static int decode(byte[] cells, int code) {
        return (cells[B] & BINARY) != 0 ? code : (code >> 4) * 10 + (code & 15);
    }

    private static int encode(byte[] cells, int value) {
        return (cells[B] & BINARY) != 0 ? value : value / 10 % 10 << 4 | value % 10;
    }

    /** The hour, 0–23 where software wrote a sane one. */
    private static int hour(byte[] cells) {
        int code = cells[HOURS] & 0xFF;
        if ((cells[B] & HOURS_24) != 0) {
            return decode(cells, code);
        }
        return decode(cells, code & ~PM) % 12 + ((code & PM) != 0 ? 12 : 0);
    }

    private static void putHour(byte[] cells, int hour) {
        if ((cells[B] & HOURS_24) != 0) {
            put(cells, HOURS, hour);
        } else {
            cells[HOURS] = (byte) (encode(cells, hour % 12 == 0 ? 12 : hour % 12) | (hour >= 12 ? PM : 0));
        }
    }
}
