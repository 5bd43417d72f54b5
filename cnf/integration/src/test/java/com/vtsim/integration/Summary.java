package com.vtsim.integration;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Says what the tester itself does not: how many tests ran, in the words of Surefire. A run without tests fails, since a tester that does
 * not match the engine finds none and is content; a run that hangs is ended.
 */
@Component(immediate = true)
public final class Summary implements TestExecutionListener {

    private static final Duration LIMIT = Duration.ofMinutes(Integer.getInteger("vtsim.integration.minutes", 20));

    private final AtomicInteger run = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicInteger skipped = new AtomicInteger();
    private volatile long begun;

    @Activate
    public Summary() {
        Thread watchdog = new Thread(Summary::watch, "time limit of the integration tests");
        watchdog.setDaemon(true);
        watchdog.start();
        Runtime.getRuntime().addShutdownHook(new Thread(this::refuseToHaveRunNothing));
    }

    private static void watch() {
        try {
            Thread.sleep(LIMIT.toMillis());
            System.err.println("[ERROR] The integration tests took longer than " + LIMIT.toMinutes() + " minutes");
            Thread.getAllStackTraces().forEach((thread, trace) -> {
                System.err.println(thread);
                for (StackTraceElement element : trace) {
                    System.err.println("\tat " + element);
                }
            });
            Runtime.getRuntime().halt(3);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        if (isClass(test)) {
            begun = System.nanoTime();
        }
    }

    private static boolean isClass(TestIdentifier test) {
        return test.getSource().filter(ClassSource.class::isInstance).isPresent();
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (test.isTest()) {
            run.incrementAndGet();
        }
        if (isClass(test)) {
            System.out.printf("[INFO] Time elapsed: %.1f s -- in %s%n", (System.nanoTime() - begun) / 1e9, test.getDisplayName());
        }
        if (result.getStatus() == Status.FAILED) {
            failures.incrementAndGet();
            System.err.println("[ERROR] " + test.getDisplayName());
            result.getThrowable().ifPresent(thrown -> thrown.printStackTrace(System.err));
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        skipped.incrementAndGet();
        System.out.println("[INFO] " + test.getDisplayName() + " skipped: " + reason);
    }

    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        int all = run.get() + skipped.get();
        System.out.printf("[INFO] Tests run: %d, Failures: %d, Errors: 0, Skipped: %d -- in a live framework%n", all, failures.get(), skipped.get());
        System.out.flush();
    }

    /** The tester that finds nothing announces no plan and ends the process at once; only its end tells. */
    private void refuseToHaveRunNothing() {
        if (run.get() == 0) {
            System.err.println("[ERROR] No test was run: does -Dtest select none, or do the tester and the engine not match?");
            Runtime.getRuntime().halt(2);
        }
    }
}
