/** Passkeys: between the server's JSON and what the browser wants. */
import { ApiError, post } from './api';
import type { Session } from './session';
import { t } from './texts';

interface Options {
  challenge: string;
  options: Record<string, unknown>;
}
type Json = Record<string, unknown>;

const toBytes = (text: string): Uint8Array<ArrayBuffer> => {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};
const toText = (buffer: ArrayBuffer | null): string | undefined =>
  buffer ? btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '') : undefined;

const withIds = (list: unknown) => ((list ?? []) as { id: string }[]).map((one) => ({ ...one, id: toBytes(one.id) }));

/** The credential as WebAuthn JSON. */
function packed(credential: PublicKeyCredential): Json {
  const response = credential.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      ...(response.attestationObject && { attestationObject: toText(response.attestationObject), transports: response.getTransports?.() ?? [] }),
      ...(response.authenticatorData && {
        authenticatorData: toText(response.authenticatorData),
        signature: toText(response.signature),
        userHandle: toText(response.userHandle),
      }),
    },
  };
}

/** The browser's dialog; whoever closes it changed their mind. */
async function browser(work: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const found = await work();
    if (found) return found as PublicKeyCredential;
  } catch (error) {
    const known = error instanceof DOMException && error.name === 'InvalidStateError';
    throw new ApiError({ status: 0, slug: 'passkey', detail: t(known ? 'passkey.known' : 'passkey.cancelled'), request: '', errors: [] });
  }
  throw new ApiError({ status: 0, slug: 'passkey', detail: t('passkey.cancelled'), request: '', errors: [] });
}

export async function signInWithPasskey(): Promise<Session> {
  const { challenge, options } = await post<Options>('/session/passkey/options');
  const credential = await browser(() =>
    navigator.credentials.get({
      publicKey: {
        ...(options as object),
        challenge: toBytes(String(options['challenge'])),
        allowCredentials: withIds(options['allowCredentials']),
      } as unknown as PublicKeyCredentialRequestOptions,
    }),
  );
  return post<Session>('/session/passkey', { challenge, credential: packed(credential) });
}

export async function addPasskey(name: string): Promise<void> {
  const { challenge, options } = await post<Options>('/account/passkeys/options');
  const owner = options['user'] as { id: string };
  const credential = await browser(() =>
    navigator.credentials.create({
      publicKey: {
        ...(options as object),
        challenge: toBytes(String(options['challenge'])),
        user: { ...owner, id: toBytes(owner.id) },
        excludeCredentials: withIds(options['excludeCredentials']),
      } as unknown as PublicKeyCredentialCreationOptions,
    }),
  );
  await post('/account/passkeys', { challenge, name, credential: packed(credential) });
}
