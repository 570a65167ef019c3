"""Train a small net on the embedded digits: epochs, validation, early stopping, and what came of it.

Run: python demo/10_train_digits.py
"""

import numpy as np

from deepfusion.datasets import digits
from deepfusion.models.f3net import f3net
from deepfusion.training import BYTE_PIXELS, Trainer

np.random.seed(0)                                   # weights
data = digits(size=8, channels=3)
print(f'{len(data.train_labels):,} digits to learn from, {len(data.test_labels)} to be tested with')

# The last tenth of the training set decides when to stop; the test set is only looked at in the end.
cut = len(data.train_labels) * 9 // 10
trainer = Trainer(
    f3net(num_classes=10, image_shape=(3, 8, 8)),
    batch_size=64,
    learning_rate=[0.002, 0.001, 0.0005],           # for each epoch; the last one holds
    normalize=BYTE_PIXELS,                          # bytes become [-1, 1] batch by batch
    patience=2,                                     # and end with the best weights
    seed=0,                                         # order of the pictures
    on_epoch=lambda row: print('epoch {epoch}: training loss {train_loss:.3f}, '
                               'validation accuracy {validation_accuracy:.2%}'.format(**row)))
history = trainer.fit(data.train_pictures[:cut], data.train_labels[:cut], epochs=4,
                      validation=(data.train_pictures[cut:], data.train_labels[cut:]))

found = trainer.evaluate(data.test_pictures, data.test_labels)
wrong = np.flatnonzero(found.predictions != data.test_labels)
for true, taken_for in sorted(zip(data.test_labels[wrong], found.predictions[wrong], strict=True)):
    print(f'a {true} was taken for a {taken_for}')
print(f'test accuracy after {len(history)} epochs: {found.accuracy:.2%}')
