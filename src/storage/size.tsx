import * as React from 'react';

/** Bytes of a megabyte, and of a gigabyte, as sizes are shown. */
const MEGABYTE = 1_000_000;
const GIGABYTE = 1000 * MEGABYTE;

/** Return a number of bytes as it is typed in a unit. */
function typedIn(unit: number, bytes: number | null): string {
  return bytes === null ? '' : String(Math.round((10 * bytes) / unit) / 10);
}

/** What a field for a size needs. */
export interface ISizeFieldProps {
  /** The size at first; null for none. */
  readonly bytes: number | null;
  /** What tells the unit by: a size of the same kind. */
  readonly like: number;
  /** The label with a unit. */
  readonly label: (unit: 'MB' | 'GB') => string;
  /** Called with every size that is typed; null: the field is empty. */
  readonly choose: (bytes: number | null) => void;
}

/** A field for a size, in MB or GB. What is no size is not passed on. */
export function SizeField(props: ISizeFieldProps): React.JSX.Element {
  const { bytes, choose, label, like } = props;
  const [unit] = React.useState(like < GIGABYTE ? MEGABYTE : GIGABYTE);
  const [typed, setTyped] = React.useState(typedIn(unit, bytes));
  return (
    <label className="jp-RewindStorageDialog-budget">
      {label(unit === MEGABYTE ? 'MB' : 'GB')}
      <input
        className="jp-mod-styled"
        min={0}
        onChange={({ target }) => {
          const { validity, value } = target;
          setTyped(value);
          const size = Math.round(Number(value) * unit);
          if (!validity.badInput && size >= 0) {
            choose(value.trim() ? size : null);
          }
        }}
        step="any"
        type="number"
        value={typed}
      />
    </label>
  );
}
