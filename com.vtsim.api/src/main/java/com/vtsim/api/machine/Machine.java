package com.vtsim.api.machine;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A machine as its operator sees it. Any thread; what touches the machine is carried out on its thread between two
 * instructions, and an exception thrown there is thrown here. The service has the property {@link Part#MACHINE}.
 */
@ProviderType
public interface Machine {
    /** @return its name */
    String name();

    /** @return what it does at the moment */
    Status status();

    /** @return its parts, by name */
    List<PartInfo> parts();

    /** @return the part's name, model, family interfaces and the bundle it comes from, for each part expected but absent too */
    Optional<PartInfo> part(String name);

    /**
     * Runs until one of the limits is reached, and waits for it.
     *
     * @throws OperatorException if the machine is running already
     * @throws InterruptedException if the caller is interrupted; the machine then pauses
     */
    Stop run(RunLimits limits) throws InterruptedException;

    /** Starts to run in the background. */
    void start(RunLimits limits);

    /** Waits until the machine does not run. */
    Stop await() throws InterruptedException;

    /** Stops it after the current instruction and waits for that; no effect if it does not run. */
    void pause();

    /** Resets every part, as the platform's reset does, and keeps what is loaded. */
    void reset(Reset kind);

    /**
     * Loads an image.
     *
     * @param kind    {@code rom}, {@code flat}, {@code multiboot}
     * @param options by name: {@code append} (command line), {@code address}, {@code entry}, {@code module}, {@code mode}; unknown ones are an error
     * @return one line that says what was loaded where
     * @throws OperatorException if the file is missing, cut short or of another format; nothing is then loaded
     */
    String load(String kind, Path file, Map<String, String> options);

    /** Writes the whole machine to a file. @throws OperatorException if it cannot be written */
    void save(Path file);

    /**
     * Replaces the state of the whole machine by a saved one.
     *
     * @throws OperatorException if the file is missing, cut short, of another version or of a machine with other parts;
     *         the machine keeps its state
     */
    void restore(Path file);

    /** @return SHA-256 over memory and the state of every part, as 64 hexadecimal digits */
    String digest();

    /** Runs {@code action} on the machine's thread between two instructions and returns its result. What it changes, a recorded past notices. */
    <T> T call(Callable<T> action);

    /** As {@link Board#find}; use the part inside {@link #call} only. */
    <T> Optional<T> find(Class<T> type);

    /** As {@link Board#findAll}; use the parts inside {@link #call} only. */
    <T> List<T> findAll(Class<T> type);

    /** @return host-physical memory; use it inside {@link #call} only */
    MemorySpace memory();

    /** @return the port space; use it inside {@link #call} only */
    PortSpace ports();

    /** @return virtual time; use it inside {@link #call} only */
    Clock clock();

    /** @return the interrupt lines; use them inside {@link #call} only. What the operator drives is a driver of its own. */
    Lines lines();

    /** @return the text each console has put out since power-on (the last 1 MiB), by part name */
    Map<String, String> transcripts();

    /** Hears every byte of every console, on the machine's thread. */
    Registration listen(ConsoleListener listener);

    /**
     * The part goes for good: when it leaves, or if it has left, the run does not wait for a successor, and the guest sees it missing from the next instruction on.
     * Holds until a part of that name comes; no effect if the machine has none of that name.
     */
    void dismiss(String part);

    /** Starts or ends recording of trace events of these kinds (a prefix such as {@code irq} stands for all that begin with it). */
    void trace(List<String> kinds);

    /** @return the recorded events, oldest first (the last 100,000) */
    List<TraceEvent> events();

    /** Gives bytes to a console, as its line would; repeated where the past is. @throws OperatorException if there is no such console */
    void input(String console, byte[] bytes);

    /** @return the recorder of its past */
    Recorder recorder();

    /** Hears console output. */
    @FunctionalInterface
    interface ConsoleListener {
        /** @param part the console's name; @param value 0–255 */
        void output(String part, int value);
    }

    /**
     * A part, or the place of one.
     *
     * @param name    in this machine
     * @param model   what it models; empty if absent
     * @param pid     factory PID of the configuration that creates it
     * @param bundle  symbolic name and version of the bundle it comes from; empty if absent
     * @param present whether it is there
     * @param carried what its latest arrival took over: {@code new}, {@code state}, {@code neutral state} (with what it is without), or an error
     */
    record PartInfo(String name, String model, String pid, String bundle, boolean present, String carried) { }

    /**
     * What a machine does.
     *
     * @param running      whether instructions are being executed
     * @param stop         why it does not run; null if it has not run yet
     * @param instructions retired since power-on
     * @param time         virtual nanoseconds since power-on
     * @param reports      guests' mistakes and parts' failures, newest last, with counts
     */
    record Status(boolean running, Stop stop, long instructions, long time, List<String> reports) { }
}
