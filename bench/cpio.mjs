// A cpio archive in the format that the kernel unpacks.
// Linux Documentation/driver-api/early-userspace/buffer-format.rst ("newc").

const DIRECTORY = 0o040755;
const EXECUTABLE = 0o100755;

/** `entries`: {path, bytes} or {path, directory: true}. */
export function archive(entries) {
  const parts = [];
  entries.forEach(({ path, bytes = Buffer.alloc(0), directory }, i) => {
    parts.push(header(i + 1, directory ? DIRECTORY : EXECUTABLE, bytes.length, path), padded(bytes));
  });
  parts.push(header(0, 0, 0, 'TRAILER!!!'));
  return Buffer.concat(parts);
}

function header(inode, mode, size, path) {
  const name = Buffer.from(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name.length, 0];
  const digits = fields.map((value) => value.toString(16).padStart(8, '0')).join('');
  return padded(Buffer.concat([Buffer.from(`070701${digits}`), name]));
}

function padded(bytes) {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
