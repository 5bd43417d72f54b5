package com.vtsim.shell.draw;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Has a record's integer drawn in hexadecimal, grouped by four digits, as the manuals print it. */
@Target(ElementType.RECORD_COMPONENT)
@Retention(RetentionPolicy.RUNTIME)
public @interface Hex {
    /** The least number of digits, 1 to 16. */
    int value() default 1;
}
