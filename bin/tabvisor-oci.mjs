#!/usr/bin/env node
// `tabvisor oci` under one name, as engines ask for a runtime: podman --runtime, containerd's BinaryName.
process.argv.splice(2, 0, 'oci');
await import('./tabvisor.mjs');
