// The one name that the file sees: corridorsMap.start(target, payload).

import { start } from './app.js';
import { decodeLine } from './codec.js';
import { fold } from './fold.js';
import { makeGraph, shortest } from './planner.js';
import iconUrl from 'leaflet/dist/images/marker-icon.png';
import iconRetinaUrl from 'leaflet/dist/images/marker-icon-2x.png';
import shadowUrl from 'leaflet/dist/images/marker-shadow.png';
import './map.css';

const L = window.L;
// markers that a user adds find their pictures in the file
L.Icon.Default.imagePath = '';
L.Icon.Default.mergeOptions({ iconUrl, iconRetinaUrl, shadowUrl });

window.corridorsMap = {
  start: (target, payload) => start(L, target, payload),
  // for tests
  decodeLine, fold, makeGraph, shortest,
};
