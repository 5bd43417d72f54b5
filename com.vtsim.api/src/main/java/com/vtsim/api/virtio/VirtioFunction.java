package com.vtsim.api.virtio;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.register.RegisterBlocks;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A virtio device as the guest sees it: the function on the bus, the structures a driver sets it up by, its queues and interrupts. It carries out what its
 * {@link VirtioDevice} says, a bounded number of chains in a turn of the clock, each whole. Machine thread only.
 */
@ProviderType
public interface VirtioFunction {
    /** @return whether the driver has accepted a feature. @param feature one bit */
    boolean has(long feature);

    /** @return whether the driver is set up, the device works, and it may reach memory */
    boolean isOperating();

    /** Takes the next chain of a queue; the methods below are about it. @return false if there is none, or the device has just failed */
    boolean next(int queue);

    /** @return bytes of the chain that the device may read */
    long readable();

    /** @return bytes of the chain that the device may write */
    long writable();

    /** Reads from the chain. @param from bytes of it to pass over; @return false if that is not possible; the device has then failed */
    boolean read(long from, byte[] into, int length);

    /** Writes to the chain. @param at bytes of it to pass over; @return false if that is not possible; the device has then failed */
    boolean write(long at, byte[] bytes, int length);

    /** As {@link #read}, but a failure is the caller's to report. */
    boolean tryRead(long from, byte[] into, int length);

    /** As {@link #write}, but a failure is the caller's to report. */
    boolean tryWrite(long at, byte[] bytes, int length);

    /** Gives the chain back to the driver. @param written bytes written to it */
    void give(int queue, int written);

    /** Lets the chain be taken again. */
    void putBack(int queue);

    /** Takes note of what a chain costs the host beside itself. @param bytes moved, written or looked at */
    void spend(long bytes);

    /** What a driver cannot have meant: DEVICE_NEEDS_RESET, and nothing is taken any more until it resets the device. */
    void fail(String why);

    /** Tells the driver that the device's configuration is another. */
    void configurationChanged();

    /** There may be work: something has come from the host. */
    void wake();

    /** See {@link com.vtsim.api.pci.PciFunction#configRead}. */
    int configRead(int offset, int size);

    /** See {@link com.vtsim.api.pci.PciFunction#configWrite}. */
    void configWrite(int offset, int size, int value);

    /** See {@link com.vtsim.api.machine.Part#attach}. */
    void attach(Board board);

    /** See {@link com.vtsim.api.machine.Part#detach}. */
    void detach();

    /** See {@link com.vtsim.api.machine.Part#reset}. */
    void reset(Reset kind);

    /** @return the state of what the transport has of the device */
    State save();

    /** @throws StateException if it does not fit; nothing is then changed */
    void restore(State state);

    /** @return the registers */
    List<RegisterBlocks.Block> registerBlocks();
}
