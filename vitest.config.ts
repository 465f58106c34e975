import { defineConfig } from "vitest/config";

const anywhere = ["functions", "shared", "scripts"];
const emulator = anywhere.map((folder) => `${folder}/**/*.emulator.test.ts`);
const endToEnd = anywhere.map((folder) => `${folder}/**/*.e2e.test.ts`);

export default defineConfig({
  test: {
    reporters: ["default"],
    projects: [
      {
        test: {
          name: "unit",
          include: anywhere.map((folder) => `${folder}/**/*.test.ts`),
          exclude: [...emulator, ...endToEnd],
        },
      },
      {
        test: {
          name: "emulator",
          include: emulator,
          globalSetup: "scripts/testing/emulators.ts",
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // Events come when they come; a busy machine is no failure.
          expect: { poll: { timeout: 10_000 } },
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "end-to-end",
          include: endToEnd,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          // Alone, when all else is done: the story keeps times that it promises.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
