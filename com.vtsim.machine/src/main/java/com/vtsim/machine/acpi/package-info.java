/** ACPI tables of a machine as it is wired. Source: Advanced Configuration and Power Interface Specification 6.5. */
package com.vtsim.machine.acpi;
