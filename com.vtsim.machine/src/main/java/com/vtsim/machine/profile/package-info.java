/** Machine descriptions: Configurator documents with options, and the service that turns them into configurations. */
package com.vtsim.machine.profile;
