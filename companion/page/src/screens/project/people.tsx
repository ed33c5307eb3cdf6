/** Who works on a project, as what; inviting and leaving. */
import { call, patch, post } from '../../core/api';
import { useAtom } from '../../core/atom';
import { date, moment } from '../../core/format';
import { drop, invalidate, keep, useLoad } from '../../core/load';
import { go } from '../../core/router';
import { user } from '../../core/session';
import { t, tOr } from '../../core/texts';
import { Face } from '../../parts/artwork';
import { Button } from '../../parts/button';
import { ask } from '../../parts/dialog';
import { FormProblem, SelectField, TextField, useForm } from '../../parts/field';
import { Shown } from '../../parts/state';
import { failed, say } from '../../parts/toast';
import { Invited, type Invitation } from '../invited';
import type { PartProps } from '../project';

interface Member {
  user: string;
  name: string;
  role: string;
  since: number;
}

const ROLES = ['viewer', 'commenter', 'editor'] as const;
const options = ROLES.map((one) => [one, tOr(`role.${one}`, one)] as const);

export function People({ project }: PartProps) {
  const me = useAtom(user);
  const path = `/projects/${project.id}/members`;
  const members = useLoad<Member[]>(path);
  const owns = project.role === 'owner';
  const invitations = `/projects/${project.id}/invitations`;
  const open = useLoad<Invitation[]>(owns ? invitations : null).data ?? [];
  const leave = async () => {
    if (!(await ask({ title: t('project.leave'), text: t('project.leave.text'), yes: t('project.leave'), danger: true }))) return;
    await drop(`${path}/${me?.id}`, `/projects/${project.id}`);
    go('/projects');
    invalidate('/projects');
  };
  return (
    <div class="columns">
      <section>
        <Shown of={members}>
          {(rows) => (
            <ul class="rows">
              {rows.map((one) => (
                <li key={one.user}>
                  <Face name={one.name} />
                  <span class="grow">
                    {one.name} {one.user === me?.id && <span class="faint">{t('people.you')}</span>}
                    <span class="small faint sub" title={moment(one.since)}>
                      {t('people.since', { when: date(one.since) })}
                    </span>
                  </span>
                  {owns && one.role !== 'owner' ? (
                    <>
                      <select
                        class="inplace fit"
                        aria-label={t('people.role', { name: one.name })}
                        value={one.role}
                        onChange={(event) => void patch<Member[]>(`${path}/${one.user}`, { role: event.currentTarget.value }).then((next) => keep(path, next), failed)}
                      >
                        {options.map(([value, text]) => (
                          <option key={value} value={value}>
                            {text}
                          </option>
                        ))}
                      </select>
                      <Button kind="quiet" icon="close" label={t('people.remove', { name: one.name })} work={() => call('DELETE', `${path}/${one.user}`).then(() => invalidate(path))} />
                    </>
                  ) : (
                    <span class="chip line">{tOr(`role.${one.role}`, one.role)}</span>
                  )}
                  {!owns && one.user === me?.id && (
                    <Button kind="danger" icon="out" label={t('project.leave')} work={leave}>
                      <span class="wide-only">{t('project.leave')}</span>
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )}
        </Shown>
        {owns && <Invited path={invitations} open={open} title={t('people.invited')} />}
      </section>
      {owns && <Invite project={project.id} />}
    </div>
  );
}

function Invite({ project }: { project: string }) {
  const form = useForm({ email: '', role: 'commenter' }, async (values) => {
    await post(`/projects/${project}/invitations`, values);
    form.set('email', '');
    invalidate(`/projects/${project}/invitations`);
    say(t('people.mailed', { email: values['email'] ?? '' }));
  });
  return (
    <form class="form panel" noValidate onSubmit={form.submit}>
      <h2>{t('people.invite')}</h2>
      <TextField label={t('sign.email')} type="email" required {...form.bind('email')} />
      <SelectField label={t('people.as')} hint={tOr(`role.${form.values['role']}.can`, '')} options={options} {...form.bind('role')} />
      <FormProblem problem={form.problem} />
      <div class="actions">
        <Button kind="primary" type="submit" aria-busy={form.busy}>
          {t('people.invite.do')}
        </Button>
      </div>
    </form>
  );
}
