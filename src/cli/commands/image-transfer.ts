// `tabvisor pull` and `tabvisor push`: images from registries and to them.
// docker pull, docker push.
import { Command } from 'commander';
import { parsePlatform } from '../../oci/platform.js';
import { fullName, parseReference, withTag } from '../../oci/reference.js';
import { epilogue } from '../help.js';
import { type RegistryOptions, registryOptions, withImages } from '../images.js';
import { layerProgress } from '../layer-progress.js';

interface TransferOptions extends RegistryOptions {
  platform?: string;
  quiet?: boolean;
}

const TRUST =
  'A registry is spoken to with TLS, but for one on this host, or one that --insecure-registry names. Credentials are those of docker login.';

export function pullCommand(): Command {
  const command = new Command('pull')
    .description('get an image from a registry')
    .argument('<name>', 'NAME[:TAG|@DIGEST]')
    .option('--platform <os/architecture>', 'another platform than ours')
    .option('-q, --quiet', 'print the name alone')
    .addHelpText(
      'after',
      epilogue(
        [
          { command: 'tabvisor pull debian:12', what: 'from Docker Hub, for 32-bit x86' },
          { command: 'tabvisor pull 127.0.0.1:5000/app', what: 'from a registry of this host' },
        ],
        TRUST,
      ),
    )
    .action(async (name: string, options: TransferOptions) => {
      const reference = withTag(parseReference(name));
      const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
      const progress = options.quiet ? undefined : layerProgress(process.stdout);
      await withImages(options, ({ puller }) => puller.pull(reference, { platform, progress }));
      process.stdout.write(`${fullName(reference)}
`);
    });
  for (const option of registryOptions()) command.addOption(option);
  return command;
}

export function pushCommand(): Command {
  const command = new Command('push')
    .description('send an image to a registry')
    .argument('<name>', 'NAME[:TAG]')
    .option('-q, --quiet', 'print nothing')
    .addHelpText(
      'after',
      epilogue(
        [
          {
            command: 'tabvisor tag app 127.0.0.1:5000/app && tabvisor push 127.0.0.1:5000/app',
            what: 'to a registry of this host',
          },
        ],
        TRUST,
      ),
    )
    .action(async (name: string, options: TransferOptions) => {
      const reference = withTag(parseReference(name));
      if (!options.quiet)
        process.stdout.write(`The push refers to repository [${reference.domain}/${reference.path}]\n`);
      const progress = options.quiet ? undefined : layerProgress(process.stdout);
      await withImages(options, ({ pusher }) => pusher.push(reference, progress));
    });
  for (const option of registryOptions()) command.addOption(option);
  return command;
}
