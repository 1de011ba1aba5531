import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, { types: string; default: string }>;
};
/** Where the build puts what `file` says, as tsconfig.build.json has it. */
const sourceOf = (file: string) => file.replace('./dist/', '').replace(/\.js$/, '.ts');

describe.each(Object.entries(exports))('what a program imports as twinlock%s', (_name, { types, default: code }) => {
  const face = join(ROOT, sourceOf(code));
  const program = ts.createProgram([face], { allowImportingTsExtensions: true, noEmit: true, skipLibCheck: true });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(face) as ts.SourceFile);
  const exported = module === undefined ? [] : checker.getExportsOfModule(module);

  it('is built from a file that is there', () => {
    expect(existsSync(face)).toBe(true);
    expect(types).toBe(code.replace(/\.js$/, '.d.ts'));
    expect(exported.length).toBeGreaterThan(10);
  });

  it('has its own comment, each name', () => {
    const silent = exported.filter((symbol) => {
      const named = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return named.getDocumentationComment(checker).length === 0;
    });
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('can be imported', async () => {
    const imported = (await import(face)) as Record<string, unknown>;
    const values = exported.filter((symbol) => checker.getAliasedSymbol(symbol).flags & ts.SymbolFlags.Value);
    expect(Object.keys(imported).sort()).toEqual(values.map(({ name }) => name).sort());
  });
});
