package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.wiring.BundleRevision;

/** What holds for every assembly of VTSim's bundles in one framework. */
class FrameworkIT {

    private final BundleContext context = FrameworkUtil.getBundle(FrameworkIT.class).getBundleContext();

    @Test
    void allBundlesResolveAndStart() {
        assertThat(context.getBundles()).filteredOn(bundle -> !isShellOfGogo(bundle) && !isFragment(bundle))
                .allSatisfy(bundle -> assertThat(bundle.getState()).as(bundle.getSymbolicName()).isEqualTo(Bundle.ACTIVE));
        assertThat(ours()).extracting(Bundle::getSymbolicName)
                .contains("com.vtsim.api", "com.vtsim.machine", "com.vtsim.cpu", "com.vtsim.irq.pic", "com.vtsim.pci.bus", "com.vtsim.shell");
    }

    @Test
    void onlyTheContractsAreExported() {
        assertThat(ours()).filteredOn(bundle -> !bundle.getSymbolicName().equals("com.vtsim.api"))
                .allSatisfy(bundle -> assertThat(bundle.getHeaders().get(Constants.EXPORT_PACKAGE)).as(bundle.getSymbolicName()).isNull());
    }

    @Test
    void theShellsCommandsAreThere() throws Exception {
        assertThat(commands()).contains("vtsim:help", "vtsim:exit", "log:list", "log:level", "log:file",
                "machine:create", "machine:list", "machine:show", "machine:load", "machine:run", "machine:step", "machine:pause", "machine:reset",
                "machine:save", "machine:restore", "machine:swap", "machine:destroy",
                "cpu:regs", "cpu:disassemble", "cpu:break", "cpu:trace", "mem:map", "mem:dump", "mem:write", "mem:find",
                "irq:show", "irq:raise", "irq:lower", "pci:list", "pci:tree", "pci:config", "pci:slots", "pci:plug", "pci:unplug", "pci:dma", "clock:show");
    }

    @Test
    void everyCommandAndParameterIsDescribed() throws Exception {
        List<String> silent = new ArrayList<>();
        for (ServiceReference<?> reference : context.getAllServiceReferences(null, "(osgi.command.function=*)")) {
            if (!reference.getBundle().getSymbolicName().startsWith("com.vtsim.")) {
                continue;
            }
            List<String> functions = functions(reference);
            for (Method method : context.getService(reference).getClass().getMethods()) {
                if (functions.contains(method.getName().replaceFirst("^_", ""))) {
                    undescribed(method).forEach(part -> silent.add(reference.getProperty("osgi.command.scope") + ":" + method.getName() + " " + part));
                }
            }
        }
        assertThat(silent).isEmpty();
    }

    private static List<String> undescribed(Method method) {
        List<String> parts = new ArrayList<>();
        if (!method.isAnnotationPresent(Descriptor.class)) {
            parts.add("itself");
        }
        for (Parameter parameter : method.getParameters()) {
            if (parameter.getType() != CommandSession.class && !parameter.isAnnotationPresent(Descriptor.class)) {
                parts.add(parameter.getName());
            }
        }
        return parts;
    }

    private Stream<Bundle> ours() {
        return Arrays.stream(context.getBundles())
                .filter(bundle -> bundle.getSymbolicName().startsWith("com.vtsim.") && !bundle.equals(context.getBundle()));
    }

    /** It lends its classes and stays stopped, see vtsim.bndrun. */
    private static boolean isShellOfGogo(Bundle bundle) {
        return bundle.getSymbolicName().equals("org.apache.felix.gogo.jline");
    }

    private static boolean isFragment(Bundle bundle) {
        return (bundle.adapt(BundleRevision.class).getTypes() & BundleRevision.TYPE_FRAGMENT) != 0;
    }

    private List<String> commands() throws Exception {
        List<String> names = new ArrayList<>();
        for (ServiceReference<?> reference : context.getAllServiceReferences(null, "(osgi.command.function=*)")) {
            functions(reference).forEach(function -> names.add(reference.getProperty("osgi.command.scope") + ":" + function));
        }
        return names;
    }

    private static List<String> functions(ServiceReference<?> reference) {
        Object functions = reference.getProperty("osgi.command.function");
        return functions instanceof Object[] several ? Arrays.stream(several).map(Object::toString).toList() : List.of(functions.toString());
    }
}
