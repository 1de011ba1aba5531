import { join } from 'node:path';

/** The clone that this program runs from, or the package: the folder that has `bin/`. */
export const OWN_FOLDER: string = join(
  import.meta.dirname,
  import.meta.filename.endsWith('.ts') ? '../../..' : '../../../..',
);
