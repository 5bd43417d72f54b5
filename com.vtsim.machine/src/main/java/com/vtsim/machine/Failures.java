package com.vtsim.machine;

/** Where the backplane reports what a part threw. */
interface Failures {
    /**
     * A part threw. While the machine runs this records the failure and makes it park after the current instruction, and the
     * caller goes on as if the part were missing; otherwise the operator's call is to blame, and the cause is thrown on.
     *
     * @param part  its name
     * @param doing what was asked of it
     */
    void failed(String part, String doing, Throwable cause);

    /** As {@link #failed}, but never throws: for parts that come and go. */
    void noted(String part, String doing, Throwable cause);
}
