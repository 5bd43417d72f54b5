package com.vtsim.api.machine;

/** Something that can be withdrawn. */
@FunctionalInterface
public interface Registration extends AutoCloseable {
    /** Withdraws it; a second call does nothing. */
    @Override
    void close();
}
