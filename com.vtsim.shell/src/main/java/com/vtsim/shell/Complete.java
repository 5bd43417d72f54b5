package com.vtsim.shell;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names what the prompt offers for a command's parameter.
 * <p>
 * The candidates come from the service {@code Supplier<Collection<String>>} whose property {@link #PROPERTY} holds the same name.
 * Enums and {@link java.nio.file.Path}s are completed without it.
 */
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
public @interface Complete {
    /** Service property, {@code String}: the kind of name that a supplier lists. */
    String PROPERTY = "vtsim.complete";

    /** The kind of name, such as {@code machine}. */
    String value();
}
