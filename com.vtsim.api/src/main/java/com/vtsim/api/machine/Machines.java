package com.vtsim.api.machine;

import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Makes machines out of configurations. Any thread but a machine's.
 * <p>
 * A profile is an OSGi Configurator document: factory configurations in which {@code ${name}} stands for an option
 * or the machine's name.
 */
@ProviderType
public interface Machines {
    /**
     * Creates the configurations of a machine and waits until its parts are there.
     *
     * @param name    letters, digits, {@code -} and {@code _}
     * @param profile {@code q35}, {@code gm45}, or the path of a Configurator document
     * @param options {@code memory} (bytes), {@code cpus}, {@code irq} (model), {@code mips} …; a missing one has the profile's default, an unknown one is an error
     * @throws OperatorException if the name is taken, the profile or an option unknown, or a part is not installed; nothing is then left behind
     */
    Machine create(String name, String profile, Map<String, String> options);

    /** @throws OperatorException if there is no machine of that name; it names those there are */
    Machine machine(String name);

    /** @return all machines, by name */
    List<Machine> machines();

    /** Stops a machine and deletes its configurations. @throws OperatorException if there is no machine of that name */
    void destroy(String name);

    /**
     * Replaces a part by another model: deletes its configuration and creates another under the same part name.
     *
     * @param part  the part's name, {@code irq} for instance
     * @param model a model of the same family, {@code pic} or {@code apic} for instance
     * @return one line that says what was carried over
     * @throws OperatorException if there is no such part or model; the machine is then as before
     */
    String swap(String machine, String part, String model);

    /**
     * Adds a part to a machine, which may be running: creates its configuration and waits until it is there.
     *
     * @param part       name of the new part
     * @param pid        factory PID: {@code com.vtsim.pci.nvme}
     * @param properties of the configuration, beside machine and name
     * @throws OperatorException if the name is taken or the part does not start; nothing is then left behind
     */
    void add(String machine, String part, String pid, Map<String, Object> properties);

    /**
     * Changes the configuration of a part of a machine, which may be running: the part is made anew, and takes over its own state.
     *
     * @param changes properties to set; the others stay
     * @throws OperatorException if there is no such part, or it does not start like that; it is then as before
     */
    void configure(String machine, String part, Map<String, Object> changes);

    /** Removes a part from a machine, which may be running: deletes its configuration and waits until it is gone. @throws OperatorException if there is none */
    void remove(String machine, String part);

    /** @return profiles that {@link #create} knows by name, with a line of description each */
    Map<String, String> profiles();
}
