package com.vtsim.vtd;

/** What a request wants; reused. */
final class Access {
    boolean write;
    boolean execute;
    boolean privileged;
    /** A read of no bytes, which a page for writing permits too (CAP.ZLR). */
    boolean zeroLength;
}
