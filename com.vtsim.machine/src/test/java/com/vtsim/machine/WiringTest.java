package com.vtsim.machine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Lines;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Interrupt lines and those who drive and hear them. */
class WiringTest {
    private final Backplane machine = Backplane.of("t", 1 << 20);
    private final List<String> heard = new ArrayList<>();

    private FakePart device(String name, int line) {
        FakePart part = new FakePart(name);
        part.onAttach = board -> board.lines().driver(line, "out").set(part.value != 0);
        return part;
    }

    private FakePart controller(String model) {
        FakePart part = new FakePart("irq", model);
        part.onAttach = board -> board.lines().listen((line, level) -> heard.add(line + (level ? "+" : "-")));
        return part;
    }

    private List<String> rises() {
        return heard.stream().filter(h -> h.endsWith("+")).toList();
    }

    @Test
    void aLineIsHighWhileAnyoneAssertsIt() {
        machine.add(controller("pic"));
        heard.clear();
        Lines.Driver a = machine.lines().driver(5, "a");
        Lines.Driver b = machine.lines().driver(5, "b");
        a.set(true);
        a.set(true);
        b.set(true);
        a.set(false);
        assertThat(machine.lines().level(5)).isTrue();
        b.set(false);
        assertThat(machine.lines().level(5)).isFalse();
        assertThat(heard).containsExactly("5+", "5-");
        assertThat(machine.lines().driver(5, "a")).as("part, line and pin are one output").isSameAs(a);
    }

    @Test
    void aHighLineIsDrivenAgainToANewController() {
        FakePart first = controller("pic");
        FakePart uart = device("com1", 4);
        uart.value = 1;
        machine.add(uart);
        machine.add(first);
        machine.remove(first);
        assertThat(machine.lines().level(4)).as("the board holds the level").isTrue();
        heard.clear();
        machine.add(controller("apic"));
        assertThat(rises()).containsExactly("4+");
        assertThat(heard).as("low lines are told too, before the high ones").hasSize(Lines.COUNT).endsWith("4+").startsWith("0-");
    }

    @Test
    void aPartThatLeavesHoldsItsLineUntilTheMachineResumesWithoutIt() throws InterruptedException {
        machine.add(new CountingProcessor(0));
        FakePart uart = device("com1", 4);
        uart.value = 1;
        machine.add(uart);
        machine.remove(uart);
        machine.settle();
        assertThat(machine.lines().level(4)).isTrue();
        machine.add(controller("pic"));
        heard.clear();
        machine.run(com.vtsim.api.machine.RunLimits.instructions(1));
        assertThat(machine.lines().level(4)).isFalse();
        assertThat(heard).containsExactly("4-");
    }

    @Test
    void aSuccessorDrivesTheLineWithoutAGlitch() {
        machine.add(controller("pic"));
        FakePart uart = device("com1", 4);
        uart.value = 1;
        machine.add(uart);
        heard.clear();
        machine.remove(uart);
        machine.add(device("com1", 4));
        assertThat(heard).doesNotContain("4-").contains("4+");
    }

    @Test
    void anOutputThatASuccessorNoLongerHasFalls() {
        FakePart uart = device("com1", 4);
        uart.value = 1;
        machine.add(uart);
        machine.remove(uart);
        machine.add(device("com1", 3));
        assertThat(machine.lines().level(4)).isFalse();
        assertThat(machine.lines().level(3)).as("its state was carried over").isTrue();
    }

    @Test
    void whatTheOperatorDrivesStays() {
        machine.lines().driver(9, "operator").set(true);
        machine.add(device("com1", 4));
        assertThat(machine.lines().level(9)).isTrue();
    }
}
