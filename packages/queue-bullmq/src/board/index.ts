// Bull Board as a page of the server
export { type BullBoard, type BullBoardOptions, bullBoard } from './bull-board.ts'
