// What an application's backend does with its SDK, from the import of its users
// to the recall of a spammer, step by step. The first answer that is not as the
// protocol has it ends the program with exit code 1.
import { migration } from './migration.mjs';
import { moderation } from './moderation.mjs';
import { recall } from './recall.mjs';
import { people } from './people.mjs';

for (const step of [...people, ...recall, ...moderation, ...migration]) {
  const began = Date.now();
  try {
    await step();
  } catch (error) {
    console.error(`FAIL ${step.name}\n${error.stack ?? error}`);
    process.exit(1);
  }
  console.log(`ok   ${step.name} (${Date.now() - began} ms)`);
}
