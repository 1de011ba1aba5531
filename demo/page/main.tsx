import '../../client/console/app/main.tsx';
import './style.css';
import { render } from 'preact';
import { SimulatedKey } from './simulated-key.tsx';

const root = document.getElementById('simulated-key');
if (root !== null) render(<SimulatedKey />, root);
