// Lint rules that matter here: promises are awaited, types are imported as types, nothing unused, and what has one
// importing file (clock, environment) is read nowhere else. Import directions: .dependency-cruiser.cjs.

import tseslint from 'typescript-eslint';

const clockReaders = [
  { object: 'Date', property: 'now', message: 'Take a Clock (src/base/clock.ts).' },
  { object: 'performance', property: 'now', message: 'Take a Clock (src/base/clock.ts).' },
  { object: 'process', property: 'hrtime', message: 'Take a Clock (src/base/clock.ts).' },
];
const weakSignals = {
  object: 'AbortSignal',
  property: 'any',
  message: 'What is combined is held weakly, a timeout among it may never come: abort a controller of your own.',
};
const environmentReader = { object: 'process', property: 'env', message: 'Read it in src/base/environment.ts.' };
const newDate = {
  selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
  message: 'Take a Clock (src/base/clock.ts).',
};
const noEnums = {
  selector: 'TSEnumDeclaration, TSModuleDeclaration[kind="namespace"]:not([declare=true])',
  message: 'Use an object of constants, and modules.',
};

export default tseslint.config(
  { ignores: ['dist*/**', 'src/*/kernel/**', 'node_modules/**', '.tap/**', 'coverage/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Interfaces of asynchronous seams are also implemented by synchronous ones.
      '@typescript-eslint/require-await': 'off',
      // Numbers belong in messages; what is no text at all is still refused.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'max-len': ['error', { code: 120, ignoreRegExpLiterals: true }],
      'max-lines': ['warn', 350],
      'no-restricted-syntax': ['error', noEnums],
      'no-restricted-properties': ['error', weakSignals],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', ...clockReaders, environmentReader, weakSignals],
      'no-restricted-syntax': ['error', noEnums, newDate],
    },
  },
  { files: ['src/base/clock.ts'], rules: { 'no-restricted-properties': 'off' } },
  // The page runs in a browser, which has one clock.
  { files: ['src/page/**/*.ts'], rules: { 'no-restricted-properties': 'off' } },
  { files: ['src/base/environment.ts'], rules: { 'no-restricted-properties': ['error', ...clockReaders] } },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // Texts that a test compares with stay in one piece; test/tidy.test.ts knows which.
      'max-len': 'off',
      'max-lines': 'off',
      'no-console': 'off',
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: ['**/*.js', '**/*.cjs', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
