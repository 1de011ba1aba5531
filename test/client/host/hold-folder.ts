import { TargetFolder } from '../../../client/host/target.ts';

/** A process that holds a folder until it is killed: `hold-folder.ts FOLDER`. */
const [folder = ''] = process.argv.slice(2);
await TargetFolder.open(folder, 'fetching acme/other@2');
console.log('held');
setInterval(() => undefined, 1000);
