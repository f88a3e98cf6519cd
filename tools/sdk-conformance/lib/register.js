// Registers one device, writes how that ended, and leaves whatever is still open.
import { bySAS } from "./world.js";

const outcome = await bySAS(process.argv[2]).register().then((result) => result.status, (err) => err.name);
process.stdout.write(outcome, () => process.exit());
