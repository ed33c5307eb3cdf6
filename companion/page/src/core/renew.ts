/** What an event makes out of date. */
import { end, invalidate } from './load';
import { hear } from './live';

export function startRenewing(): void {
  hear('upload', ({ body }) => body['state'] !== 'receiving' && invalidate('/uploads', '/files', '/tracks', '/account/tier'));
  hear('job', ({ body }) => {
    const over = body['state'] !== 'queued' && body['state'] !== 'running';
    invalidate('/admin/jobs', ...(over ? ['/tracks', '/account/exports'] : []));
  });
  hear('track', () => invalidate('/tracks', '/artists'));
  hear('project', ({ body }) => invalidate('/projects?', `/projects/${String(body['id'])}`, '/project-invitations'));
  hear('box', ({ body }) => {
    if (body['what'] === 'revoked' || body['what'] === 'given') end(`/boxes/${String(body['id'])}`);
    invalidate('/boxes');
  });
  hear('box.status', ({ body }) => invalidate(`/boxes/${String(body['id'])}/status`));
  hear('box.command', ({ body }) => invalidate(`/boxes/${String(body['box'])}/commands`));
  hear('box.configuration', ({ body }) => invalidate(`/boxes/${String(body['id'])}/configuration`));
  hear('box.file', ({ body }) => invalidate(`/boxes/${String(body['box'])}/files`, `/boxes/${String(body['box'])}/lists`));
  hear('box.list', ({ body }) => invalidate(`/boxes/${String(body['id'])}/lists`));
  hear('box.health', ({ body }) => invalidate(`/boxes/${String(body['id'])}/health`));
  hear('box.crash', ({ body }) => invalidate(`/boxes/${String(body['id'])}/crashes`));
  hear('set', () => invalidate('/sets'));
  let written: number | undefined; // of documents there is one for every few letters
  hear('document', () => {
    clearTimeout(written);
    written = setTimeout(invalidate, 700, '/documents', '/sets');
  });
  hear('play', () => invalidate('/plays'));
  hear('earnings', () => invalidate('/earnings'));
  hear('release', () => invalidate('/earnings'));
  hear('notice', () => invalidate('/notices'));
  hear('notices', () => invalidate('/notices'));
  hear('security', () => invalidate('/account'));
}
