package com.vtsim.pci.endpoint;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/** Registers of the endpoint in its region 0; its buffer follows at 1000h. This project's own device: what is said here is its specification. */
enum EndpointRegister implements Register {
    IDENT(at(0x00, 4).constant(0x5445_5654).title("Identification")),                              // "TVET"
    CONTROL(at(0x04, 4).rw(0x0000_00FF).title("Control")),
    STATUS(at(0x08, 4).ro(0x0000_FF03).title("Status")),
    LENGTH(at(0x0C, 4).rw(0x0000_1FFF).title("Length")),                                           // bytes, at most 1000h
    ADDRESS(at(0x10, 8).rw(-1L).title("Address")),
    PASID(at(0x18, 4).rw(0x000F_FFFF).title("Process Address Space")),
    BEHAVIOUR(at(0x1C, 4).rw(0x0000_000F).title("Behaviour")),
    TRANSFERS(at(0x20, 4).ro(0xFFFF_FFFF).title("Transfers Completed")),
    FAILURES(at(0x24, 4).ro(0xFFFF_FFFF).title("Transfers Failed")),
    TRANSLATIONS(at(0x28, 4).ro(0xFFFF_FFFF).title("Translation Requests Sent")),
    PAGES(at(0x2C, 4).ro(0xFFFF_FFFF).title("Page Requests Sent")),
    INVALIDATIONS(at(0x30, 4).ro(0xFFFF_FFFF).title("Invalidation Requests Received"));

    /** CONTROL: start a transfer; reads 1 while it is under way. */
    static final Field START = Field.bit(0);
    /** CONTROL: to memory. */
    static final Field WRITE = Field.bit(1);
    /** CONTROL: 0 untranslated, 1 passed off as translated, 2 through the cache. */
    static final Field MODE = Field.bits(3, 2);
    /** CONTROL: with the PASID. */
    static final Field WITH_PASID = Field.bit(4);
    /** CONTROL: execute requested. */
    static final Field EXECUTE = Field.bit(5);
    /** CONTROL: privileged mode requested. */
    static final Field PRIVILEGED = Field.bit(6);
    /** CONTROL: send vector 0 when it is done. */
    static final Field INTERRUPT = Field.bit(7);
    /** STATUS: a transfer is under way. */
    static final Field BUSY = Field.bit(0);
    /** STATUS: the latest transfer failed. */
    static final Field FAILED = Field.bit(1);
    /** BEHAVIOUR: does not complete invalidations. */
    static final Field HANGS = Field.bit(0);
    /** BEHAVIOUR: completes invalidations and keeps what it has. */
    static final Field KEEPS = Field.bit(1);
    /** BEHAVIOUR: completes invalidations 100 µs late. */
    static final Field LATE = Field.bit(2);
    /** BEHAVIOUR: completes, with each late completion, an invalidation that nobody asked for too. */
    static final Field STRAY = Field.bit(3);

    private final Layout layout;

    EndpointRegister(Layout layout) {
        this.layout = layout;
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
