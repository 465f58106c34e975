type Emulator = "firestore" | "pubsub";
type Environment = Readonly<Record<string, string | undefined>>;

export declare function findEmulatorJar(emulator: Emulator, env?: Environment): string | undefined;
export declare function emulatorRemedy(emulator: Emulator, env?: Environment): string;
