package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
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
        assertThat(commands()).contains("vtsim:help", "vtsim:exit", "log:list", "log:level", "log:file");
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
            Object functions = reference.getProperty("osgi.command.function");
            Object[] each = functions instanceof Object[] several ? several : new Object[] {functions};
            for (Object function : each) {
                names.add(reference.getProperty("osgi.command.scope") + ":" + function);
            }
        }
        return names;
    }
}
