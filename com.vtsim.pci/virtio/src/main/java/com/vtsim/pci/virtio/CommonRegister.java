package com.vtsim.pci.virtio;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/** The common configuration structure. Source: Virtual I/O Device (VIRTIO) 1.2, Common configuration structure layout. */
enum CommonRegister implements Register {
    DEVICE_FEATURE_SELECT(at(0x00, 4).rw(0xFFFF_FFFF).title("device_feature_select")),
    DEVICE_FEATURE(at(0x04, 4).ro(0xFFFF_FFFF).title("device_feature")),
    DRIVER_FEATURE_SELECT(at(0x08, 4).rw(0xFFFF_FFFF).title("driver_feature_select")),
    DRIVER_FEATURE(at(0x0C, 4).rw(0xFFFF_FFFF).title("driver_feature")),
    CONFIG_MSIX_VECTOR(at(0x10, 2).rw(0xFFFF).reset(0xFFFF).title("config_msix_vector")),
    NUM_QUEUES(at(0x12, 2).ro(0xFFFF).title("num_queues")),
    DEVICE_STATUS(at(0x14, 1).rw(0xFF).title("device_status")),
    CONFIG_GENERATION(at(0x15, 1).ro(0xFF).title("config_generation")),
    QUEUE_SELECT(at(0x16, 2).rw(0xFFFF).title("queue_select")),
    QUEUE_SIZE(at(0x18, 2).rw(0xFFFF).title("queue_size")),
    QUEUE_MSIX_VECTOR(at(0x1A, 2).rw(0xFFFF).title("queue_msix_vector")),
    QUEUE_ENABLE(at(0x1C, 2).rw(0xFFFF).title("queue_enable")),
    QUEUE_NOTIFY_OFF(at(0x1E, 2).ro(0xFFFF).title("queue_notify_off")),
    QUEUE_DESC(at(0x20, 8).rw(-1L).title("queue_desc")),
    QUEUE_DRIVER(at(0x28, 8).rw(-1L).title("queue_driver")),
    QUEUE_DEVICE(at(0x30, 8).rw(-1L).title("queue_device")),
    QUEUE_NOTIFY_DATA(at(0x38, 2).ro(0xFFFF).title("queue_notify_data")),
    QUEUE_RESET(at(0x3A, 2).rw(0xFFFF).title("queue_reset"));

    /** DEVICE_STATUS: the driver is set up. */
    static final int DRIVER_OK = 4;
    /** DEVICE_STATUS: the features are agreed on. */
    static final int FEATURES_OK = 8;
    /** DEVICE_STATUS: the device has met what it cannot recover from. */
    static final int DEVICE_NEEDS_RESET = 0x40;

    private final Layout layout;

    CommonRegister(Layout layout) {
        this.layout = layout;
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
