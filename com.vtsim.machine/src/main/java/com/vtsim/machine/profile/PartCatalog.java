package com.vtsim.machine.profile;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Processor;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;

/** Which parts the installed bundles can make, and why one that should be there is not. Any thread. */
final class PartCatalog {
    private final ServiceComponentRuntime runtime;

    PartCatalog(ServiceComponentRuntime runtime) {
        this.runtime = runtime;
    }

    /** @throws OperatorException if no installed component takes the factory PID; it names those of the same family */
    void require(String part, String pid) {
        if (descriptions(pid).isEmpty()) {
            List<String> family = siblings(pid);
            throw new OperatorException("part '" + part + "' (" + pid + ") is not installed; "
                    + (family.isEmpty() ? "install and start its bundle" : "of this family there " + (family.size() == 1 ? "is " : "are ") + String.join(", ", family)));
        }
    }

    /** @return installed factory PIDs that can take the place of this one, itself included: parts with the same family interface */
    List<String> replacements(String pid) {
        Set<String> family = new TreeSet<>();
        descriptions(pid).forEach(description -> family.addAll(families(description)));
        Set<String> found = new TreeSet<>(Set.of(pid));
        for (ComponentDescriptionDTO description : runtime.getComponentDescriptionDTOs()) {
            if (families(description).stream().anyMatch(family::contains)) {
                found.addAll(pids(description));
            }
        }
        return List.copyOf(found);
    }

    /** The interfaces that tell a family: those of its own package, and the processor's. */
    private static List<String> families(ComponentDescriptionDTO description) {
        String shared = Part.class.getPackageName() + ".";
        return Stream.of(description.serviceInterfaces).filter(name -> !name.startsWith(shared) || name.equals(Processor.class.getName())).toList();
    }

    /** Installed factory PIDs that differ from this one in their last word only. */
    private List<String> siblings(String pid) {
        String prefix = pid.substring(0, pid.lastIndexOf('.') + 1);
        return runtime.getComponentDescriptionDTOs().stream().flatMap(description -> pids(description).stream())
                .filter(other -> other.startsWith(prefix) && other.indexOf('.', prefix.length()) < 0 && !other.equals(Profile.MACHINE_PID))
                .distinct().sorted().toList();
    }

    /**
     * @param late whether a service the part needs counts as missing by now, not as still to come
     * @return why the part is not there, in a line; empty if nothing is known to be wrong
     */
    Optional<String> failure(String machine, String part, String pid, boolean late) {
        for (ComponentDescriptionDTO description : descriptions(pid)) {
            for (ComponentConfigurationDTO configuration : runtime.getComponentConfigurationDTOs(description)) {
                if (machine.equals(configuration.properties.get(Part.MACHINE)) && part.equals(configuration.properties.get(Part.NAME))) {
                    return reason(configuration, late);
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> reason(ComponentConfigurationDTO configuration, boolean late) {
        if (configuration.failure != null) {
            return Optional.of(innermost(configuration.failure));
        }
        if (late && configuration.unsatisfiedReferences.length > 0) {
            return Optional.of("it needs a service that is not there: " + configuration.unsatisfiedReferences[0].name);
        }
        return Optional.empty();
    }

    /** The failure is a stack trace; what the part itself said is behind the last "Caused by". */
    private static String innermost(String trace) {
        List<String> lines = trace.lines().toList();
        String line = lines.stream().filter(each -> each.startsWith("Caused by: ")).reduce((first, second) -> second).orElse(lines.isEmpty() ? "" : lines.get(0));
        return line.replaceFirst("^Caused by: ", "").replaceFirst("^[a-zA-Z0-9_.$]+(Exception|Error): ", "");
    }

    private List<ComponentDescriptionDTO> descriptions(String pid) {
        return runtime.getComponentDescriptionDTOs().stream().filter(description -> pids(description).contains(pid)).toList();
    }

    private static List<String> pids(ComponentDescriptionDTO description) {
        return description.configurationPid == null ? List.of() : List.of(description.configurationPid);
    }

    /** @return the last word of a factory PID: {@code pic} */
    static String model(String pid) {
        return pid.substring(pid.lastIndexOf('.') + 1);
    }
}
