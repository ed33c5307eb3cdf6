/** Being asked to work on a project: notes above the list, and the page that a mailed link opens. */
import { useState } from 'preact/hooks';
import { ApiError, post, remove, type Problem } from '../core/api';
import { invalidate, useLoad } from '../core/load';
import { keepInvitation, keptInvitation, lookAt, type Offered } from '../core/invitation';
import { go } from '../core/router';
import { t, tOr } from '../core/texts';
import { Button, LinkButton } from '../parts/button';
import { Screen } from '../parts/screen';
import { Bones, Empty } from '../parts/state';
import { useEffect } from 'preact/hooks';

const arrive = ({ project }: { project: string }) => {
  invalidate('/projects', '/project-invitations');
  go(`/projects/${project}`);
};

export function InvitationNotes() {
  const all = useLoad<Offered[]>('/project-invitations').data ?? [];
  return (
    <>
      {all.map((one) => (
        <div class="note" key={one.id}>
          <p>{t('invitation.text', { who: one.inviter_name, title: one.title, role: tOr(`role.${one.role}`, one.role) })}</p>
          <span class="buttons">
            <Button kind="quiet" work={() => remove(`/project-invitations/${one.id}`).then(() => invalidate('/project-invitations'))}>
              {t('invitation.decline')}
            </Button>
            <Button kind="primary" work={async () => arrive(await post(`/project-invitations/${one.id}/accept`))}>
              {t('invitation.accept')}
            </Button>
          </span>
        </div>
      ))}
    </>
  );
}

/** /invitations#secret, and /invitations from a notice. */
export function Invitations() {
  const [secret] = useState(() => location.hash.slice(1) || keptInvitation());
  const [offered, setOffered] = useState<Offered | Problem>();
  const [other, setOther] = useState(false);
  useEffect(() => {
    if (!secret) return;
    history.replaceState(null, '', location.pathname);
    keepInvitation('');
    lookAt(secret).then(setOffered, (error: ApiError) => setOffered(error.problem));
  }, [secret]);
  const accept = async () => {
    try {
      arrive(await post('/project-invitations/accept', { secret, as_me: other }));
    } catch (error) {
      if (error instanceof ApiError && error.problem.status === 409) setOther(true);
      throw error;
    }
  };
  return (
    <Screen title={t('invitation.title')}>
      {!secret && (
        <>
          <InvitationNotes />
          <LinkButton href="/projects">{t('nav.projects')}</LinkButton>
        </>
      )}
      {secret && !offered && <Bones widths={[60, 40]} />}
      {offered && 'slug' in offered && (
        <Empty title={t('invitation.void')} actions={<LinkButton href="/projects">{t('nav.projects')}</LinkButton>}>
          <p>{offered.detail}</p>
        </Empty>
      )}
      {offered && 'id' in offered && (
        <Empty
          title={t('invitation.text', { who: offered.inviter_name, title: offered.title, role: tOr(`role.${offered.role}`, offered.role) })}
          actions={
            <Button kind="primary" work={accept}>
              {t(other ? 'invitation.asMe' : 'invitation.accept')}
            </Button>
          }
        >
          <p>{t('invitation.mailed', { email: offered.email })}</p>
        </Empty>
      )}
    </Screen>
  );
}
