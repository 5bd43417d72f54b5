/** An endpoint for testing: address translation services, page requests, PASID, and requests as its user wants them. */
package com.vtsim.pci.endpoint;
