package com.vtsim.shell.family;

import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.shell.Complete;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** What the prompt offers for the kinds of names in the machine's commands. */
final class Names {
    static final String MACHINE = "machine";
    static final String PART = "part";
    static final String CONSOLE = "console";
    static final String PROFILE = "profile";
    static final String IMAGE = "image";
    static final String MODE = "mode";
    static final String BREAKPOINT = "breakpoint";
    static final String ACTION = "breakpoint-action";

    /** Kinds of image that {@code machine:load} takes. */
    static final List<String> IMAGES = List.of("rom", "flat", "multiboot", "multiboot2", "linux", "asm");

    private Names() { }

    /** Machines. */
    @Component(property = Complete.PROPERTY + "=" + MACHINE)
    public static final class OfMachines implements Supplier<Collection<String>> {
        private final Machines machines;

        /** Made by Declarative Services. */
        @Activate
        public OfMachines(@Reference Machines machines) {
            this.machines = machines;
        }

        @Override
        public Collection<String> get() {
            return machines.machines().stream().map(Machine::name).toList();
        }
    }

    /** Parts of all machines. */
    @Component(property = Complete.PROPERTY + "=" + PART)
    public static final class OfParts implements Supplier<Collection<String>> {
        private final Machines machines;

        /** Made by Declarative Services. */
        @Activate
        public OfParts(@Reference Machines machines) {
            this.machines = machines;
        }

        @Override
        public Collection<String> get() {
            return machines.machines().stream().flatMap(machine -> machine.parts().stream()).map(Machine.PartInfo::name).distinct().toList();
        }
    }

    /** Consoles of all machines. */
    @Component(property = Complete.PROPERTY + "=" + CONSOLE)
    public static final class OfConsoles implements Supplier<Collection<String>> {
        private final Machines machines;

        /** Made by Declarative Services. */
        @Activate
        public OfConsoles(@Reference Machines machines) {
            this.machines = machines;
        }

        @Override
        public Collection<String> get() {
            return machines.machines().stream().flatMap(machine -> machine.call(() -> machine.findAll(Console.class).stream().map(Console::name).toList()).stream()).distinct().toList();
        }
    }

    /** Profiles by name. */
    @Component(property = Complete.PROPERTY + "=" + PROFILE)
    public static final class OfProfiles implements Supplier<Collection<String>> {
        private final Machines machines;

        /** Made by Declarative Services. */
        @Activate
        public OfProfiles(@Reference Machines machines) {
            this.machines = machines;
        }

        @Override
        public Collection<String> get() {
            return machines.profiles().keySet();
        }
    }

    /** Kinds of image. */
    @Component(property = Complete.PROPERTY + "=" + IMAGE)
    public static final class OfImages implements Supplier<Collection<String>> {
        @Override
        public Collection<String> get() {
            return IMAGES;
        }
    }

    /** Processor modes a flat image can start in. */
    @Component(property = Complete.PROPERTY + "=" + MODE)
    public static final class OfModes implements Supplier<Collection<String>> {
        @Override
        public Collection<String> get() {
            return List.of("real", "protected", "long");
        }
    }

    /** Kinds of breakpoint. */
    @Component(property = Complete.PROPERTY + "=" + BREAKPOINT)
    public static final class OfBreakpoints implements Supplier<Collection<String>> {
        @Override
        public Collection<String> get() {
            return CpuCommands.KINDS.keySet();
        }
    }

    /** What can be done with breakpoints. */
    @Component(property = Complete.PROPERTY + "=" + ACTION)
    public static final class OfActions implements Supplier<Collection<String>> {
        @Override
        public Collection<String> get() {
            return CpuCommands.ACTIONS;
        }
    }
}
