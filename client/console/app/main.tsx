import '../no-eval.ts';
import './style.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { keepFocus } from './parts/focus.ts';
import { start } from './start.ts';

const root = document.getElementById('app');
if (root !== null) {
  render(<App />, root);
  keepFocus(root);
}
void start();
