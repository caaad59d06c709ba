import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { Button, errorIcon, refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import {
  type IRewindServer,
  type IVersion,
  PROTOCOLS,
  type ServerState
} from '../tokens';

/** What installs the server part. */
const INSTALL = 'pip install jupyterlab-nbrewind';

/** What switches the server part on. */
const ENABLE = 'jupyter server extension enable nbrewind_server';

/**
 * The panel's content: whether the server part is there, and what it is.
 *
 * @param props - The connection, and the application's language
 */
export function RewindBody(props: {
  server: IRewindServer;
  translator: ITranslator;
}): React.JSX.Element {
  const trans = props.translator.load('jupyterlab_nbrewind');
  const state = useServerState(props.server);
  const version = 'version' in state ? state.version : null;
  return (
    <>
      <h2 className="jp-RewindPanel-header">{trans.__('Rewind')}</h2>
      <div className="jp-RewindPanel-content" role="status">
        <Status state={state} trans={trans} />
      </div>
      {version && <Facts version={version} trans={trans} />}
      {state.kind !== 'asking' && state.kind !== 'connected' && (
        <Button
          className="jp-RewindPanel-button jp-mod-styled"
          onClick={() => {
            void props.server.check();
          }}
        >
          <refreshIcon.react tag="span" />
          {trans.__('Check Again')}
        </Button>
      )}
    </>
  );
}

/**
 * Follow the state of the connection.
 */
function useServerState(server: IRewindServer): ServerState {
  const [state, setState] = React.useState(server.state);
  React.useEffect(() => {
    const update = (_: IRewindServer, state: ServerState): void => {
      setState(state);
    };
    server.stateChanged.connect(update);
    // It may have changed between the first drawing and now.
    setState(server.state);
    return () => {
      server.stateChanged.disconnect(update);
    };
  }, [server]);
  return state;
}

/**
 * The state in words: what it is, and what the user can do.
 */
function Status(props: {
  state: ServerState;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { state, trans } = props;
  switch (state.kind) {
    case 'asking':
      return <p>{trans.__('Asking the server…')}</p>;
    case 'connected':
      return (
        <p>
          {trans.__(
            'Open a notebook: its cells appear here, with what is stale and why, and every state that you can go back to.'
          )}
        </p>
      );
    case 'mismatched':
      return (
        <Problem title={trans.__('The server part does not fit.')}>
          <p>
            {state.version.protocol > PROTOCOLS[1]
              ? trans.__(
                  'The server part is newer than this page. Reload the page; if this stays, update jupyterlab-nbrewind.'
                )
              : trans.__(
                  'The server part is older than this page. Update jupyterlab-nbrewind where the Jupyter server runs, then restart the server.'
                )}
          </p>
        </Problem>
      );
    case 'missing':
      return (
        <Problem title={trans.__('The server part is missing.')}>
          <p>
            {trans.__(
              'Install it where the Jupyter server runs, then restart the server:'
            )}
          </p>
          <pre className="jp-RewindStatus-command">{INSTALL}</pre>
          <p>
            {trans.__(
              'If it is installed, it is switched off. Switch it on, then restart the server:'
            )}
          </p>
          <pre className="jp-RewindStatus-command">{ENABLE}</pre>
        </Problem>
      );
    case 'forbidden':
      return (
        <Problem title={trans.__('The server does not permit it.')}>
          <p>
            {trans.__(
              'You are not signed in, or have no permission to read records on this server. Ask whoever runs it.'
            )}
          </p>
        </Problem>
      );
    case 'unreachable':
      return (
        <Problem title={trans.__('The server does not answer.')}>
          <p>{state.reason}</p>
        </Problem>
      );
  }
}

/**
 * A problem: a title, and what to do about it.
 */
function Problem(props: {
  title: string;
  children: React.ReactNode;
}): React.JSX.Element {
  return (
    <>
      <p className="jp-RewindStatus">
        <errorIcon.react tag="span" className="jp-RewindStatus-bad" />
        <strong>{props.title}</strong>
      </p>
      {props.children}
    </>
  );
}

/**
 * What the server part says of itself, as a list of facts.
 */
function Facts(props: {
  version: IVersion;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { trans, version } = props;
  const { store } = version;
  return (
    <dl className="jp-RewindFacts">
      <dt>{trans.__('Version')}</dt>
      <dd>{version.version}</dd>
      <dt>{trans.__('Records')}</dt>
      <dd>
        <span className="jp-RewindFacts-path" title={store.directory}>
          {store.directory}
        </span>
        {store.state === 'absent' && (
          <span>{trans.__('Nothing has been recorded yet.')}</span>
        )}
        {store.state === 'unreadable' && (
          <span>{trans.__('Not readable: %1', store.reason ?? '')}</span>
        )}
      </dd>
    </dl>
  );
}
