package com.vtsim.vtd;

/** What a request wants; reused. */
final class Access {
    boolean write;
    boolean execute;
    boolean privileged;
}
