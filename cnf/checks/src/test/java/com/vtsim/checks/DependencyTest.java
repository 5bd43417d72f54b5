package com.vtsim.checks;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The direction of dependencies: between the contracts, and between the bundles. See docs/decisions/0002-one-api-bundle.md. */
class DependencyTest {

    private static final String API = "com.vtsim.api";
    /** Which contracts a contract may use, besides itself and the register table. */
    private static final Map<String, Set<String>> MAY_USE = Map.of(
            "machine", Set.of(),
            "register", Set.of("machine"),
            "irq", Set.of("machine"),
            "disk", Set.of("machine"),
            "pci", Set.of("machine"),
            "network", Set.of("machine"),
            "virtio", Set.of("machine", "pci"),
            "ept", Set.of("machine"),
            "vtd", Set.of("machine", "irq", "pci", "ept"),
            "cpu", Set.of("machine", "irq", "pci", "ept"));

    /** Packages that several bundles include as their own. See docs/decisions/0020-one-8259a-in-two-bundles.md. */
    private static final Set<String> EMBEDDED = Set.of("com.vtsim.irq.i8259");

    private static List<Path> jars;
    private static JavaClasses classes;

    @BeforeAll
    static void read() {
        jars = Arrays.stream(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")).split(System.getProperty("path.separator")))
                .map(Path::of)
                .filter(path -> path.getFileName().toString().startsWith("com.vtsim.") && path.toString().endsWith(".jar"))
                .toList();
        classes = new ClassFileImporter().importUrls(jars.stream().map(DependencyTest::location).toList());
    }

    private static URL location(Path jar) {
        try {
            return URI.create("jar:" + jar.toUri() + "!/").toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(jar.toString(), e);
        }
    }

    @Test
    void theBuiltBundlesAreLookedAt() {
        assertThat(jars).extracting(path -> path.getFileName().toString().replaceAll("-[0-9.]+\\.jar$", ""))
                .contains(API, "com.vtsim.machine", "com.vtsim.cpu", "com.vtsim.irq.pic", "com.vtsim.irq.apic", "com.vtsim.pci.bus", "com.vtsim.pci.lpc", "com.vtsim.pci.testdev", "com.vtsim.vtd", "com.vtsim.shell");
        assertThat(classes).hasSizeGreaterThan(100);
    }

    @Test
    void contractsPointOneWay() {
        assertThat(MAY_USE.keySet()).as("every contract has its place").containsAll(classes.stream()
                .filter(type -> type.getPackageName().startsWith(API + "."))
                .map(type -> type.getPackageName().substring(API.length() + 1))
                .toList());
        MAY_USE.forEach((contract, others) -> {
            List<String> allowed = new ArrayList<>(List.of(API + "." + contract, API + ".register"));
            others.forEach(other -> allowed.add(API + "." + other));
            noClasses().that().resideInAPackage(API + "." + contract + "..")
                    .should().dependOnClassesThat(ours("another contract than " + allowed, type -> !allowed.contains(type.getPackageName())))
                    .allowEmptyShould(true).check(classes);
        });
    }

    @Test
    void noProviderUsesTheClassesOfAnother() {
        classes().should(new ArchCondition<JavaClass>("use only their own bundle and the contracts") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                    JavaClass target = dependency.getTargetClass().getBaseComponentType();
                    boolean foreign = target.getPackageName().startsWith("com.vtsim") && !target.getPackageName().startsWith(API)
                            && !bundle(target).equals(bundle(type)) && !EMBEDDED.contains(target.getPackageName()) && !EMBEDDED.contains(type.getPackageName());
                    if (foreign) {
                        events.add(SimpleConditionEvent.violated(type, dependency.getDescription()));
                    }
                }
            }
        }).check(classes);
    }

    @Test
    void noProviderImportsAnother() {
        for (Path jar : jars) {
            assertThat(packages(jar, "Import-Package")).as("imports of " + jar.getFileName())
                    .filteredOn(name -> name.startsWith("com.vtsim")).allMatch(name -> name.startsWith(API + "."));
            assertThat(header(jar, "Require-Bundle")).as("required bundles of " + jar.getFileName()).isEmpty();
        }
    }

    @Test
    void onlyTheContractsAreExported() {
        for (Path jar : jars) {
            if (!jar.getFileName().toString().startsWith(API + "-")) {
                assertThat(packages(jar, "Export-Package")).as("exports of " + jar.getFileName()).isEmpty();
            }
        }
    }

    @Test
    void namesSayWhatAClassIs() {
        noClasses().should().haveNameMatching(".*\\.(Abstract\\w+|\\w+(Impl|Helper|Manager|Util|Utils))")
                .because("docs and style call classes by what they are").check(classes);
        noClasses().should().resideInAnyPackage("..base..", "..core..", "..common..", "..util..", "..helper..").check(classes);
    }

    private static DescribedPredicate<JavaClass> ours(String description, java.util.function.Predicate<JavaClass> predicate) {
        return DescribedPredicate.describe(description, type -> type.getPackageName().startsWith("com.vtsim") && predicate.test(type));
    }

    private static URI bundle(JavaClass type) {
        return type.getSource().map(source -> URI.create(source.getUri().toString().replaceAll("!.*", ""))).orElse(URI.create("unknown:" + type.getName()));
    }

    /** The package names of a header, without their attributes. */
    private static List<String> packages(Path jar, String header) {
        String bare = header(jar, header).replaceAll("\"[^\"]*\"", "");
        return Stream.of(bare.split(",")).map(clause -> clause.split(";")[0].strip()).filter(name -> !name.isEmpty()).toList();
    }

    private static String header(Path path, String header) {
        try (JarFile jar = new JarFile(path.toFile())) {
            Attributes attributes = jar.getManifest().getMainAttributes();
            return attributes.getValue(header) == null ? "" : attributes.getValue(header);
        } catch (IOException e) {
            throw new IllegalStateException(path + " is no bundle", e);
        }
    }
}
