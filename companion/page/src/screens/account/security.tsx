/** What protects the account: password, authenticator app, passkeys, accounts elsewhere, sessions. */
import { useLoad } from '../../core/load';
import { Bones, Shown } from '../../parts/state';
import { Activity } from './activity';
import { Authenticator } from './authenticator';
import { Elsewhere } from './elsewhere';
import { Passkeys } from './passkeys';
import { Password } from './password';
import { Sessions } from './sessions';

interface Protection {
  password: boolean;
  totp: boolean;
  recovery_left: number;
}

export function Security() {
  const state = useLoad<Protection>('/account/protection');
  return (
    <Shown of={state} bones={<Bones widths={[100, 100, 100]} height={84} />}>
      {({ password, totp, recovery_left }) => (
        <div class="stack wide">
          <Password has={password} />
          <Authenticator on={totp} left={recovery_left} />
          <Passkeys />
          <Elsewhere />
          <Sessions />
          <Activity />
        </div>
      )}
    </Shown>
  );
}
