import { type App, initializeApp } from "firebase-admin/app";

/** The one Firebase app of a project, whoever asks first: Firestore and Auth share its credentials. */
export function firebaseApp(projectId: string): App {
  return initializeApp({ projectId }, `project-${projectId}`);
}
